// Loaded before a driver: packages are where `make test` installs them, beside the drivers and not above them.
import { registerHooks } from "node:module";

const installed = new URL("../node/package.json", import.meta.url).href;
const drivers = new URL(".", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const isPackage = !/^(\.|\/|node:|file:)/.test(specifier) && context.parentURL?.startsWith(drivers);
    return next(specifier, isPackage ? { ...context, parentURL: installed } : context);
  },
});
