// Takes pictures from outside NiceGUI's reach: dropped files, addresses, cards and jobs; pasted and picked files.
const OWN = "application/x-ourvidz";
const TOO_LARGE = 32 * 1024 * 1024;

export default {
  template: `
    <div class="drop-zone" :class="{ 'is-shown': dragging, 'is-busy': progress !== null }" aria-live="polite">
      <div v-if="dragging" class="drop-hint">{{ hint }}</div>
      <div v-if="progress !== null" class="drop-progress" role="status">
        Uploading <progress max="1" :value="progress" aria-label="Upload"></progress>
      </div>
      <input ref="file" type="file" accept="image/*,.heic,.heif,.avif" data-testid="reference-file" aria-label="Picture file"
             tabindex="-1" class="visually-hidden" @change="onPicked" />
    </div>`,
  data() {
    return { dragging: false, hint: "", progress: null, slot: "" };
  },
  mounted() {
    this.depth = 0;
    this.isOwnDrag = false;
    this.listeners = {
      dragstart: () => (this.isOwnDrag = true),
      dragend: () => { this.isOwnDrag = false; this.stop(); },
      dragenter: (event) => this.onEnter(event),
      dragover: (event) => this.onOver(event),
      dragleave: () => { if (this.dragging && --this.depth <= 0) this.stop(); },
      drop: (event) => this.onDrop(event),
      paste: (event) => this.onPaste(event),
      click: (event) => this.onClick(event),
    };
    for (const [name, listener] of Object.entries(this.listeners)) document.addEventListener(name, listener);
  },
  unmounted() {
    for (const [name, listener] of Object.entries(this.listeners)) document.removeEventListener(name, listener);
    this.stop();
  },
  methods: {
    isTakeable(event) {
      const types = [...(event.dataTransfer?.types ?? [])];
      if (types.includes(OWN)) return true;
      return !this.isOwnDrag && (types.includes("Files") || types.includes("text/uri-list"));
    },
    slotOf(target) {
      return target?.closest?.("[data-slot]")?.dataset.slot ?? "";
    },
    onEnter(event) {
      if (!this.isTakeable(event)) return;
      event.preventDefault();
      this.depth += 1;
      this.dragging = true;
      document.body.classList.add("is-dragging");
    },
    onOver(event) {
      if (!this.dragging || !this.isTakeable(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      const box = event.target.closest?.("[data-slot]") ?? null;
      this.hint = box ? "Drop it into this box" : "Drop it anywhere to use it as reference";
      if (box === this.box) return;
      this.box?.classList.remove("is-over");
      box?.classList.add("is-over");
      this.box = box;
    },
    stop() {
      this.depth = 0;
      this.dragging = false;
      this.box?.classList.remove("is-over");
      this.box = null;
      document.body.classList.remove("is-dragging");
    },
    onDrop(event) {
      if (!this.isTakeable(event)) return;
      event.preventDefault();
      const slot = this.slotOf(event.target);
      const data = event.dataTransfer;
      const own = data.getData(OWN);
      const file = data.files[0];
      const shown = new DOMParser().parseFromString(data.getData("text/html"), "text/html").querySelector("img")?.src;
      const named = data.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
      const url = /^https?:/.test(shown ?? "") ? shown : named;
      this.stop();
      this.isOwnDrag = false;
      if (own) this.$emit("dropped", { slot, ...JSON.parse(own) });
      else if (file?.size || (file && !url)) this.upload(file, slot);
      else if (url) this.$emit("dropped", { slot, url: url.trim() });
    },
    onPaste(event) {
      const file = [...(event.clipboardData?.files ?? [])].find((candidate) => candidate.type.startsWith("image/"));
      const isTyping = event.target.closest?.("input, textarea, [contenteditable]");
      const text = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (file && !(isTyping && text)) {
        event.preventDefault();
        this.upload(file, this.slotOf(event.target));
      } else if (!isTyping) {
        if (/^https?:\/\/\S+$/.test(text)) this.$emit("dropped", { slot: "", url: text });
      }
    },
    onClick(event) {
      const picker = event.target.closest?.("[data-pick]");
      if (!picker) return;
      this.slot = picker.dataset.pick;
      this.$refs.file.click();
    },
    onPicked() {
      const [file] = this.$refs.file.files;
      if (file) this.upload(file, this.slot);
      this.$refs.file.value = "";
    },
    upload(file, slot) {
      if (file.size > TOO_LARGE) {
        this.$emit("refused", { because: `${file.name} has more than 32 MB. Choose a smaller picture.` });
        return;
      }
      if (!file.size) {
        this.$emit("refused", { because: `${file.name} is empty, or a folder. Choose a picture.` });
        return;
      }
      const body = new FormData();
      body.append("file", file, file.name || "pasted.png");
      const request = new XMLHttpRequest();
      request.open("POST", "/api/references");
      request.responseType = "json";
      request.upload.onprogress = (event) => { if (event.lengthComputable) this.progress = event.loaded / event.total; };
      request.onload = () => {
        this.progress = null;
        if (request.status === 201 || request.status === 200) this.$emit("dropped", { slot, reference_id: request.response.id });
        else this.$emit("refused", { because: reason(request.response) });
      };
      request.onerror = () => {
        this.progress = null;
        this.$emit("refused", { because: "The picture could not be sent: the app does not answer. Try again." });
      };
      this.progress = 0;
      request.send(body);
    },
  },
};

function reason(response) {
  const detail = response?.detail ?? response ?? {};
  const first = Array.isArray(detail) ? detail[0] : detail;
  const words = typeof first === "string" ? first : [first.reason ?? first.message ?? first.msg, first.advice].filter(Boolean).join(" ");
  return words || "The picture could not be taken.";
}
