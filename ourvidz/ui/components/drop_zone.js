// Takes pictures from outside NiceGUI's reach: dropped files, addresses, cards and jobs; pasted and picked files.
const OWN = "application/x-ourvidz";
const FROM_HERE = "application/x-ourvidz-page"; // marks what is dragged within a page, be it a link or a marked text
const ADDRESS = /^(https?:\/\/|data:image\/)/i;
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
    this.listeners = {
      dragstart: (event) => event.dataTransfer?.setData(FROM_HERE, "1"),
      dragend: () => this.stop(),
      dragenter: (event) => this.onOver(event),
      dragover: (event) => this.onOver(event),
      dragleave: (event) => { if (!event.relatedTarget) this.stop(); },
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
    // Whether what is dragged is taken; a file that is left to the browser would be opened in the place of the page.
    isTaken(event) {
      const types = event.dataTransfer?.types ?? [];
      const hasFiles = types.includes("Files");
      const isForeign = !types.includes(FROM_HERE) && (hasFiles || types.includes("text/uri-list"));
      const isTaken = types.includes(OWN) || isForeign;
      if (isTaken || hasFiles) {
        event.preventDefault();
        event.dataTransfer.dropEffect = isTaken ? "copy" : "none";
      }
      return isTaken;
    },
    slotOf(target) {
      return target?.closest?.("[data-slot]")?.dataset.slot ?? "";
    },
    onOver(event) {
      if (!this.isTaken(event)) return;
      this.dragging = true;
      document.body.classList.add("is-dragging");
      const box = event.target.closest?.("[data-slot]") ?? null;
      this.hint = box ? "Drop it into this box" : "Drop it anywhere to use it as reference";
      if (box === this.box) return;
      this.box?.classList.remove("is-over");
      box?.classList.add("is-over");
      this.box = box;
    },
    stop() {
      this.dragging = false;
      this.box?.classList.remove("is-over");
      this.box = null;
      document.body.classList.remove("is-dragging");
    },
    onDrop(event) {
      this.stop();
      if (!this.isTaken(event)) return;
      const slot = this.slotOf(event.target);
      const data = event.dataTransfer;
      const own = data.getData(OWN);
      const file = data.files[0];
      const shown = new DOMParser().parseFromString(data.getData("text/html"), "text/html").querySelector("img")?.src;
      const named = data.getData("text/uri-list").split("\n").find((line) => line && !line.startsWith("#"));
      const url = (ADDRESS.test(shown ?? "") ? shown : named)?.trim();
      const entry = [...data.items].find((item) => item.kind === "file")?.webkitGetAsEntry?.();
      if (own) this.$emit("dropped", { slot, ...JSON.parse(own) });
      else if (entry?.isDirectory) this.tell(`${entry.name} is a folder. Drop a picture that is in it.`);
      else if (file?.size || (file && !url)) {
        this.upload(file, slot);
        if (data.files.length > 1) this.tell(`Only the first of the ${data.files.length} files is used: ${file.name}.`);
      } else if (url) this.take(url, slot);
    },
    onPaste(event) {
      const files = [...(event.clipboardData?.files ?? [])];
      const isTyping = event.target.closest?.("input, textarea, [contenteditable]");
      const file = files.find((candidate) => candidate.type.startsWith("image/")) ?? (isTyping ? null : files[0]);
      const text = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (file && !(isTyping && text)) {
        event.preventDefault();
        this.upload(file, this.slotOf(event.target));
      } else if (!isTyping && ADDRESS.test(text) && !/\s/.test(text)) this.take(text, "");
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
    tell(words) {
      this.$emit("told", { words });
    },
    async take(url, slot) {
      if (!/^data:/i.test(url)) return this.$emit("dropped", { slot, url });
      try {
        const content = await (await fetch(url)).blob();
        this.upload(new File([content], "The picture"), slot);
      } catch {
        this.tell("The picture is cut short or broken. Save it, and drop the file instead.");
      }
    },
    upload(file, slot) {
      if (file.size > TOO_LARGE) return this.tell(`${file.name} has more than 32 MB. Choose a smaller picture.`);
      if (!file.size) return this.tell(`${file.name} is empty, or a folder. Choose a picture.`);
      const body = new FormData();
      body.append("file", file, file.name || "pasted.png");
      const request = new XMLHttpRequest();
      request.open("POST", "/api/references");
      request.responseType = "json";
      request.upload.onprogress = (event) => { if (event.lengthComputable) this.progress = event.loaded / event.total; };
      request.onload = () => {
        this.progress = null;
        if (request.status === 201 || request.status === 200) this.$emit("dropped", { slot, reference_id: request.response.id });
        else this.tell(reason(request.response));
      };
      request.onerror = () => {
        this.progress = null;
        this.tell("The picture could not be sent: the app does not answer. Try again.");
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
