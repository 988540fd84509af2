// Browsers start no Worker for a page that was opened from a folder. The search of the theme needs one: this runs its script in a frame instead.
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = "<!doctype html>";
      this.ready = new Promise((done, failed) => {
        this.frame.onload = () => {
          const inside = this.frame.contentWindow;
          const load = (from) =>
            new Promise((loaded, missing) => {
              const script = inside.document.createElement("script");
              script.src = from;
              script.onload = loaded;
              script.onerror = () => missing(new Error(`${from} could not be read`));
              inside.document.body.append(script);
            });
          inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          inside.importScripts = (...all) => all.reduce((before, one) => before.then(() => load(one)), Promise.resolve());
          load(new URL(url, location.href).href).then(() => done(inside), failed);
        };
      });
      this.addEventListener("message", (event) => this.onmessage?.(event));
      document.body.append(this.frame);
    }

    postMessage(data) {
      this.ready.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  }
  window.IFrameWorker = IFrameWorker;
  window.Worker = IFrameWorker;
}
