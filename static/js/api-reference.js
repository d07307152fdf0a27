/* ReDoc shows its maker's mark from their server; pages of this site ask nobody else. */
"use strict";
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(address) {
    if (new URL(address, location.href).origin === location.origin) {
      source.set.call(this, address);
    }
  },
});
