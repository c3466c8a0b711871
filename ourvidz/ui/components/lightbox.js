// One picture or clip as large as the window: zoom, pan, next and previous. What is said of it comes through the slots.
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

export default {
  template: `
    <div v-if="item" class="lightbox" data-testid="lightbox" role="dialog" aria-modal="true" :aria-label="item.label"
      :class="{ 'has-details': isDetailed, 'is-compared': isCompared }" :data-asset-id="item.id" :data-kind="item.kind" @keydown="onKey" tabindex="-1" ref="box">
      <div class="lightbox-stage" ref="stage" @wheel.prevent="onWheel" @pointerdown="onDown" @pointermove="onMove"
        @pointerup="onUp" @pointercancel="onUp" @dblclick="onDouble" :class="{ 'is-zoomed': scale > 1 }">
        <div v-if="isCompared" class="lightbox-given" data-testid="lightbox-given">
          <figure v-for="given in item.given" :key="given.url">
            <img :src="given.url" :alt="given.label" draggable="false" :style="{ '--ratio': item.width / item.height }"
              @error="forget(given)">
            <figcaption>{{ given.label }}</figcaption>
          </figure>
        </div>
        <video v-if="item.kind === 'video'" :key="item.id" ref="video" :src="item.url || undefined" :poster="item.preview"
          autoplay playsinline :loop="isLooping" :muted.prop="isMuted" :class="{ 'is-blurred': item.blurred }"
          :style="{ transform }" @loadedmetadata="onLoaded" @play="isPlaying = true" @pause="isPlaying = false"
          @timeupdate="tell" @seeked="tell" @click="playOrPause"></video>
        <img v-else :key="item.id" :src="src" :alt="item.label" draggable="false" ref="picture"
          :class="{ 'is-blurred': item.blurred }" :style="{ transform, aspectRatio: item.width + '/' + item.height }">
      </div>
      <div v-if="item.blurred" class="lightbox-veil"><slot name="veil"></slot></div>
      <div class="lightbox-top">
        <span class="lightbox-count" aria-live="polite">{{ index + 1 }} / {{ items.length }}</span>
        <span class="header-space"></span>
        <slot name="actions"></slot>
        <button v-if="item.given.length" type="button" class="icon-button tip-below" aria-label="Side by side with what was given"
          data-tip="Side by side with what was given" :aria-pressed="String(isCompared)" data-key="c"
          data-testid="lightbox-compare" @click="isWithGiven = !isWithGiven; reset()" v-html="icons.compare"></button>
        <button type="button" class="icon-button" aria-label="Details" :aria-pressed="String(isDetailed)" data-key="i"
          data-testid="lightbox-details" @click="toggleDetails" v-html="icons.info"></button>
        <button type="button" class="icon-button" aria-label="Close" data-testid="lightbox-close" @click="close"
          v-html="icons.close"></button>
      </div>
      <button v-if="items.length > 1" type="button" class="icon-button lightbox-side is-left" aria-label="Previous"
        data-testid="lightbox-previous" @click="step(-1)" v-html="icons.left"></button>
      <button v-if="items.length > 1" type="button" class="icon-button lightbox-side is-right" aria-label="Next"
        data-testid="lightbox-next" @click="step(1)" v-html="icons.right"></button>
      <div v-if="item.kind === 'video'" class="lightbox-player" role="toolbar" aria-label="Player">
        <input type="range" class="player-seek" aria-label="Frame" data-testid="player-seek" min="0" :max="last" step="1"
          :value="at" :style="{ '--part': last ? at / last : 0 }" :aria-valuetext="clock" @input="seek(+$event.target.value)">
        <button v-for="tool in tools" :key="tool.id" type="button" class="icon-button" :class="{ 'is-words': !tool.icon }"
          :aria-label="tool.label" :data-tip="tool.label" :aria-pressed="tool.pressed" :data-testid="'player-' + tool.id"
          @click="tool.act" v-html="tool.icon ?? tool.words"></button>
        <span class="player-time" data-testid="player-time">{{ clock }}</span>
        <span class="header-space"></span>
        <button type="button" class="button" data-testid="lightbox-frame" @click="useFrame"
          data-tip="Take the frame that is shown as the beginning or reference of what comes next">Use this frame</button>
        <button type="button" class="button" data-testid="lightbox-continue" @click="$emit('go-on', item.id)"
          data-tip="Set up a clip that begins with the last frame of this one, in the same colours">Continue it</button>
      </div>
      <aside class="lightbox-details" v-show="isDetailed" aria-label="Details"><slot name="details"></slot></aside>
    </div>`,
  props: { icons: Object },
  emits: ['show', 'frame', 'go-on', 'closed'],
  data: () => ({
    items: [], index: 0, scale: 1, x: 0, y: 0, src: '', speed: 1, isLooping: true, isMuted: false,
    isPlaying: false, at: 0, last: 0, isWithGiven: false,
    isDetailed: window.innerWidth >= 1100 && localStorage.getItem('lightbox-details') !== 'no',
  }),
  computed: {
    item() { return this.items[this.index]; },
    isCompared() { return this.isWithGiven && this.item.given.length > 0; },
    clock() {
      const seconds = (frames) => (frames / this.fps).toFixed(1);
      return `${seconds(this.at)} / ${seconds(this.last + 1)} s · frame ${this.at + 1} of ${this.last + 1}`;
    },
    fps() { return this.item.fps || 16; },
    tools() {
      const { icons, isPlaying, isMuted, isLooping } = this;
      const yes = (is) => String(is);
      return [
        { id: 'play', icon: isPlaying ? icons.pause : icons.play, label: isPlaying ? 'Pause' : 'Play', act: this.playOrPause },
        { id: 'back', icon: icons.back, label: 'One frame back', act: () => this.frame(-1) },
        { id: 'forward', icon: icons.forward, label: 'One frame forward', act: () => this.frame(1) },
        { id: 'mute', icon: isMuted ? icons.mute : icons.volume, label: 'Mute', pressed: yes(isMuted), act: this.mute },
        { id: 'loop', icon: icons.loop, label: 'Loop', pressed: yes(isLooping), act: () => { this.isLooping = !isLooping; } },
        { id: 'speed', words: `${this.speed}×`, label: 'Speed', act: this.faster },
      ];
    },
    transform() { return `translate(${this.x}px, ${this.y}px) scale(${this.scale})`; },
  },
  created() { this.fingers = new Map(); },
  unmounted() { document.documentElement.classList.remove('is-lightbox-open'); },
  methods: {
    open(items, id) {
      this.before = document.activeElement;
      this.items = items;
      document.documentElement.classList.add('is-lightbox-open');
      this.go(Math.max(0, items.findIndex((item) => item.id === id)));
      this.$nextTick(() => this.$refs.box?.focus());
    },
    close() {
      const id = this.item?.id;
      this.items = [];
      document.documentElement.classList.remove('is-lightbox-open');
      const card = document.querySelector(`.card[data-asset-id="${CSS.escape(id ?? '')}"]`);
      (card ?? this.before)?.focus?.();
      this.$emit('closed');
    },
    drop(id) {
      const at = this.items.findIndex((item) => item.id === id);
      if (at < 0) return;
      if (this.items.length === 1) return this.close();
      this.items = this.items.filter((item) => item.id !== id);
      if (at <= this.index) this.go(Math.min(at === this.index ? at : this.index - 1, this.items.length - 1));
    },
    unblur(shown) {
      this.items = this.items.map((item) => (item.id === shown.id ? shown : item));
      if (this.item.id === shown.id && shown.kind === 'image') this.load(shown);
    },
    step(by) {
      this.go((this.index + by + this.items.length) % this.items.length);
    },
    go(index) {
      this.index = index;
      this.reset();
      const item = this.item;
      this.$emit('show', item.id);
      if (item.kind === 'image') this.load(item);
      for (const near of [1, -1]) {
        const other = this.items[(index + near + this.items.length) % this.items.length];
        new Image().src = (other.kind === 'image' && other.url) || other.preview;
      }
    },
    tellTimes() {
      this.$nextTick(() => {
        for (const time of this.$refs.box?.querySelectorAll('time[datetime]') ?? []) {
          time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
        }
      });
    },
    // The smaller rendition at once, the full size as soon as it is decoded.
    load(item) {
      this.src = item.preview;
      if (!item.url) return;
      const full = new Image();
      full.src = item.url;
      full.decode().then(() => { if (this.item?.id === item.id) this.src = item.url; }).catch(() => {});
    },
    toggleDetails() {
      this.isDetailed = !this.isDetailed;
      localStorage.setItem('lightbox-details', this.isDetailed ? 'yes' : 'no');
      this.$refs.box.focus(); // what was focused inside may be hidden now, and the keys would lead nowhere
      this.reset();
    },
    // zoom and pan
    reset() {
      this.scale = 1;
      this.x = this.y = 0;
    },
    zoom(by, clientX, clientY) {
      const stage = this.$refs.stage.getBoundingClientRect();
      const scale = clamp(this.scale * by, 1, 20);
      const [cx, cy] = [clientX - stage.left - stage.width / 2, clientY - stage.top - stage.height / 2];
      this.x = cx - ((cx - this.x) * scale) / this.scale;
      this.y = cy - ((cy - this.y) * scale) / this.scale;
      this.scale = scale;
      this.keepIn();
    },
    keepIn() {
      if (this.scale === 1) return this.reset();
      const shown = this.$refs.picture ?? this.$refs.video;
      const stage = this.$refs.stage.getBoundingClientRect();
      const [wide, high] = [shown.offsetWidth * this.scale, shown.offsetHeight * this.scale];
      const [mx, my] = [Math.max(0, (wide - stage.width) / 2), Math.max(0, (high - stage.height) / 2)];
      this.x = clamp(this.x, -mx, mx);
      this.y = clamp(this.y, -my, my);
    },
    onWheel(event) {
      const lines = event.deltaMode === 1 ? 30 : 1;
      this.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 120 : 400)), event.clientX, event.clientY);
    },
    onDouble(event) {
      if (this.item.kind === 'video') return;
      if (this.scale > 1) return this.reset();
      const shown = this.$refs.picture;
      this.zoom(Math.max(2, this.item.width / shown.offsetWidth), event.clientX, event.clientY);
    },
    onDown(event) {
      if (event.target.tagName === 'VIDEO' && event.pointerType === 'mouse') return;
      this.fingers.set(event.pointerId, event);
      if (event.target.tagName !== 'VIDEO') this.$refs.stage.setPointerCapture(event.pointerId);
      if (this.fingers.size === 1) this.start = { x: event.clientX, y: event.clientY, at: event.timeStamp, target: event.target };
      else this.start = null;
    },
    onMove(event) {
      const last = this.fingers.get(event.pointerId);
      if (!last) return;
      const others = [...this.fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
      if (others.length === 1) {
        const far = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
        const [cx, cy] = [(event.clientX + others[0].clientX) / 2, (event.clientY + others[0].clientY) / 2];
        this.zoom(far(event, others[0]) / far(last, others[0]), cx, cy);
      } else if (this.scale > 1) {
        this.x += event.clientX - last.clientX;
        this.y += event.clientY - last.clientY;
        this.keepIn();
      }
      this.fingers.set(event.pointerId, event);
    },
    onUp(event) {
      if (!this.fingers.delete(event.pointerId) || !this.start || this.scale > 1) return;
      const [dx, dy] = [event.clientX - this.start.x, event.clientY - this.start.y];
      const isBeside = this.start.target === this.$refs.stage;
      const quick = event.timeStamp - this.start.at < 800;
      this.start = null;
      if (event.type === 'pointercancel' || !quick) return;
      if (Math.abs(dx) > 50 && Math.abs(dx) > 2 * Math.abs(dy)) this.step(dx < 0 ? 1 : -1);
      else if (dy > 90 && dy > 2 * Math.abs(dx)) this.close();
      else if (isBeside && Math.hypot(dx, dy) < 5) this.close();
    },
    // clips
    onLoaded() {
      const { video } = this.$refs;
      video.playbackRate = this.speed;
      this.last = Math.max(0, Math.round(video.duration * this.fps) - 1);
      this.at = 0;
      const follow = () => {
        if (video !== this.$refs.video) return;
        this.tell();
        video.requestVideoFrameCallback(follow);
      };
      video.requestVideoFrameCallback?.(follow);
    },
    tell() {
      const { video } = this.$refs;
      if (video) this.at = clamp(Math.floor(video.currentTime * this.fps + 0.01), 0, this.last);
    },
    // The middle of a frame's time, so that no rounding shows its neighbour.
    seek(to) {
      const { video } = this.$refs;
      if (!video) return;
      video.pause();
      this.at = clamp(to, 0, this.last);
      video.currentTime = (this.at + 0.5) / this.fps;
    },
    frame(by) {
      this.seek(this.at + by);
    },
    mute() {
      this.isMuted = !this.isMuted;
    },
    forget(given) {
      this.items = this.items.map((item) => ({ ...item, given: item.given.filter((other) => other !== given) }));
    },
    faster() {
      this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
      this.$refs.video.playbackRate = this.speed;
    },
    useFrame() {
      this.$refs.video.pause();
      this.$emit('frame', this.item.id, this.at / this.fps);
    },
    // keys; whatever acts on the picture is a button in the slot that bears its key
    onKey(event) {
      if (event.key === 'Tab') return this.keepFocus(event);
      if (event.ctrlKey || event.metaKey || event.altKey || event.key === '?') return;
      event.stopPropagation();
      if (event.target.type === 'range' && /^(Arrow|Home|End|Page)/.test(event.key)) return;
      const stage = this.$refs.stage.getBoundingClientRect();
      const zoom = (by) => this.zoom(by, stage.left + stage.width / 2, stage.top + stage.height / 2);
      const acts = {
        Escape: () => this.close(),
        ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
        Home: () => this.go(0), End: () => this.go(this.items.length - 1),
        '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), 0: () => this.reset(),
        ',': () => this.frame(-1), '.': () => this.frame(1),
        ' ': () => { if (event.target.tagName !== 'BUTTON') this.playOrPause(); else return true; },
      };
      const act = acts[event.key] ?? this.button(event.key === 'Backspace' ? 'Delete' : event.key, event.repeat);
      if (act && act() !== true) event.preventDefault();
    },
    button(key, isRepeated) {
      const button = this.$refs.box.querySelector(`[data-key="${CSS.escape(key)}"]`);
      return button?.getClientRects().length && (() => { if (!isRepeated) button.click(); });
    },
    playOrPause() {
      const video = this.$refs.video;
      if (video) video.paused ? video.play() : video.pause();
    },
    keepFocus(event) {
      const all = [...this.$refs.box.querySelectorAll('button, a[href], video, input, [tabindex="0"]')];
      const seen = all.filter((element) => element.getClientRects().length && !element.disabled);
      const [first, last] = [seen[0], seen.at(-1)];
      const at = document.activeElement;
      if (event.shiftKey && (at === first || at === this.$refs.box)) last?.focus();
      else if (!event.shiftKey && at === last) first?.focus();
      else return;
      event.preventDefault();
    },
  },
};
