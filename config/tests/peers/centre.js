// A message centre whose protocol nobody here wrote: node centre.js PASSWORD
// Says its port, then each part that it accepts, as lines of JSON.
const smpp = require('smpp');

const say = (what) => console.log(JSON.stringify(what));
const receivers = [];
let lastId = 0;

function receipt(id, pdu) {
  return {
    source_addr_ton: 1,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message: `id:${id} sub:001 dlvrd:001 stat:DELIVRD err:000 text:`,
  };
}

const server = smpp.createServer((session) => {
  const bind = (pdu) => {
    const isKnown = pdu.system_id === 'tiffin' && pdu.password === process.argv[2];
    session.send(pdu.response({command_status: isKnown ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL}));
    if (isKnown && pdu.command === 'bind_receiver') {
      receivers.push(session);
      session.deliver_sm({
        source_addr_ton: 1,
        source_addr: '14155550199',
        destination_addr: 'TIFFIN',
        short_message: 'Stop!',
      });
    }
  };
  session.on('bind_transmitter', bind);
  session.on('bind_receiver', bind);
  session.on('submit_sm', (pdu) => {
    lastId += 1;
    const id = `c${lastId}`;
    const {udh, message} = pdu.short_message;
    say({
      to: pdu.destination_addr,
      text: message,
      header: udh ? udh.map((element) => [...element]) : [],
      coding: pdu.data_coding,
      wants: pdu.registered_delivery,
      validity: pdu.validity_period,
    });
    session.send(pdu.response({message_id: id}));
    if (pdu.registered_delivery) {
      receivers.forEach((each) => each.deliver_sm(receipt(id, pdu)));
    }
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('error', () => {});
});

server.listen(0, '127.0.0.1', () => say({port: server.address().port}));
