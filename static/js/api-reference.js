/* ReDoc shows its maker's mark from their server; pages of this site ask nobody else. */
"use strict";
{
  const image = HTMLImageElement.prototype;
  const { set: setSource, ...source } = Object.getOwnPropertyDescriptor(image, "src");
  const isOurs = (address) => new URL(address, location.href).origin === location.origin;
  Object.defineProperty(image, "src", {
    ...source,
    set(address) {
      if (isOurs(address)) setSource.call(this, address);
    },
  });
  image.setAttribute = function (name, value) {
    if (name !== "src" || isOurs(value)) Element.prototype.setAttribute.call(this, name, value);
  };
}
