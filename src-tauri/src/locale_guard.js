// Under LANG=C or LANG=C.UTF-8 WebKitGTK reports the language "C", for which every Intl constructor
// throws; libraries that format at import time then take the whole page down. The product's own
// language comes from its settings, never from here.
(() => {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    const own = (name, value) =>
      Object.defineProperty(Navigator.prototype, name, { get: () => value, configurable: true });
    own("language", "en-GB");
    own("languages", Object.freeze(["en-GB"]));
  }
})();
