// A push service that nobody here wrote: node webpush.js PORT
const {PushApiModel} = require('web-push-testing/src/PushApiModel');
const Server = require('web-push-testing/src/server');

new Server(new PushApiModel(), Number(process.argv[2])).startServer();
