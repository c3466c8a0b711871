// Cards on a page: which groups of them are near the screen, which is active, and what is done by click, key and drag.
const MIME = 'application/x-ourvidz';
const VERBS = {
  Delete: 'delete', Backspace: 'delete', h: 'dismiss', d: 'download', r: 'use_as_reference', s: 'use_seed', g: 'regenerate',
  v: 'create_video',
};
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

// Hide at once what will be gone when the server has answered; if it is not gone then, it comes back.
window.ourvidzVanish = (element) => {
  if (!element) return;
  element.setAttribute('data-vanishing', '');
  setTimeout(() => element.removeAttribute('data-vanishing'), 4000);
};

export default {
  template: `<div class="deck" @click="onClick" @keydown="onKey" @dragstart="onDrag"
    @pointerover="onHover" @pointerout="onLeave"><slot></slot></div>`,
  emits: ['near', 'view', 'act', 'end'],
  mounted() {
    this.moved = new Map();
    this.pinned = null;
    this.listen = new AbortController();
    const options = { signal: this.listen.signal, passive: true };
    this.watcher = new IntersectionObserver((entries) => this.onNear(entries), { rootMargin: '150% 0px' });
    this.changes = new MutationObserver((records) => this.onChange(records));
    this.changes.observe(this.$el, { childList: true });
    this.groups().forEach((group) => this.watcher.observe(group));
    window.addEventListener('scroll', () => this.markSoon(), options);
    window.addEventListener('resize', () => this.markSoon(), options);
    for (const type of ['wheel', 'touchmove', 'pointerdown']) {
      window.addEventListener(type, () => { this.pinned = null; }, options);
    }
    window.addEventListener('ourvidz:show-job', (event) => this.showJob(event.detail), options);
    this.clock = setInterval(() => this.tellAges(), 30000);
    this.tellAges();
    this.leaveRoom();
    this.markSoon();
  },
  unmounted() {
    this.listen.abort();
    this.watcher.disconnect();
    this.changes.disconnect();
    clearInterval(this.clock);
  },
  methods: {
    groups() {
      return [...this.$el.querySelectorAll('.job-group')];
    },
    // Groups that come later will be about as high as those that are here; a reload finds its place again.
    leaveRoom() {
      const [groups, missing] = [this.groups(), Number(getComputedStyle(this.$el).getPropertyValue('--missing'))];
      if (missing) this.$el.style.paddingBottom = `${(missing * this.$el.scrollHeight) / groups.length}px`;
    },
    // which groups are near, so that only those hold their content
    onNear(entries) {
      for (const { target, isIntersecting } of entries) this.moved.set(target.dataset.jobId, isIntersecting);
      clearTimeout(this.telling);
      this.telling = setTimeout(() => {
        const ids = (isNear) => [...this.moved].filter((entry) => entry[1] === isNear).map((entry) => entry[0]);
        this.$emit('near', ids(true), ids(false));
        this.moved.clear();
      }, 40);
    },
    onChange(records) {
      for (const { addedNodes, removedNodes } of records) {
        removedNodes.forEach((node) => {
          if (node.matches?.('.job-group')) this.watcher.unobserve(node);
        });
        addedNodes.forEach((node) => {
          if (!node.matches?.('.job-group')) return;
          this.watcher.observe(node);
          if (node === this.$el.firstElementChild && document.activeElement?.closest('.prompt-panel')) this.toTop();
        });
      }
      window.dispatchEvent(new CustomEvent('ourvidz:jobs-changed'));
      this.tellAges();
      this.markSoon();
    },
    toTop() {
      this.pinned = null;
      window.scrollTo({ top: 0, behavior: calm() ? 'auto' : 'smooth' });
    },
    // the active job, the same in the list and in the rail
    markSoon() {
      cancelAnimationFrame(this.marking);
      this.marking = requestAnimationFrame(() => this.mark());
    },
    mark() {
      const page = document.documentElement;
      if (page.scrollHeight - window.scrollY < 3 * window.innerHeight) this.$emit('end');
      const groups = this.groups();
      if (!groups.length) return;
      const line = window.innerHeight * 0.3;
      const pinned = groups.find((group) => group.dataset.jobId === this.pinned);
      const first = window.scrollY < 5 ? groups[0] : groups.find((group) => group.getBoundingClientRect().bottom > line);
      const active = pinned ?? first ?? groups.at(-1);
      for (const group of groups) group.toggleAttribute('data-active', group === active);
      for (const item of document.querySelectorAll('.rail-item')) {
        const isActive = item.dataset.jobId === active?.dataset.jobId;
        if (isActive === (item.getAttribute('aria-current') === 'true')) continue;
        if (isActive) item.setAttribute('aria-current', 'true');
        else item.removeAttribute('aria-current');
        if (isActive) this.keepInSight(item);
      }
    },
    keepInSight(item) {
      const rail = item.closest('.rail-list');
      if (!rail) return;
      const [box, frame] = [item.getBoundingClientRect(), rail.getBoundingClientRect()];
      if (box.top < frame.top + 8) rail.scrollTop -= frame.top + 8 - box.top;
      else if (box.bottom > frame.bottom - 8) rail.scrollTop += box.bottom - frame.bottom + 8;
      if (box.left < frame.left + 8) rail.scrollLeft -= frame.left + 8 - box.left;
      else if (box.right > frame.right - 8) rail.scrollLeft += box.right - frame.right + 8;
    },
    showJob(id) {
      const group = this.$el.querySelector(`.job-group[data-job-id="${CSS.escape(id)}"]`);
      if (!group) return;
      this.pinned = id;
      group.scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
      group.classList.remove('is-shown');
      void group.offsetWidth;
      group.classList.add('is-shown');
      this.mark();
    },
    // click, keys and drag
    onClick(event) {
      const card = event.target.closest('.card[data-status=completed]');
      if (!card || card.classList.contains('is-held')) return;
      if (event.target.closest('button, a, .hover-tools')) return;
      this.$emit('view', card.dataset.assetId);
    },
    onKey(event) {
      const card = event.target.closest?.('.card');
      if (!card || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
      const id = card.dataset.assetId;
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.beside(card, step)?.focus();
      else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.above(card, event.key === 'ArrowDown')?.focus();
      else if (!id) return;
      else if (event.key === 'Enter' || event.key === ' ') this.$emit('view', id);
      else if (VERBS[event.key]) {
        const verb = VERBS[event.key];
        if (event.repeat) return event.preventDefault(); // a key that is held is one wish
        if (verb === 'create_video' && card.dataset.kind !== 'image') return;
        if (verb === 'delete' || verb === 'dismiss') {
          (this.beside(card, 1) ?? this.beside(card, -1))?.focus();
          if (verb === 'delete' || card.closest('.job-group')) window.ourvidzVanish(card);
        }
        this.$emit('act', verb, id);
      } else return;
      event.preventDefault();
    },
    cards() {
      return [...this.$el.querySelectorAll('.card:not([data-vanishing])')];
    },
    beside(card, step) {
      const cards = this.cards();
      return cards[cards.indexOf(card) + step];
    },
    above(card, isDown) {
      const from = card.getBoundingClientRect();
      const centre = from.left + from.width / 2;
      let [best, least] = [null, Infinity];
      for (const other of this.cards()) {
        const box = other.getBoundingClientRect();
        const gap = isDown ? box.top - from.top : from.top - box.top;
        if (gap < 8) continue;
        const distance = gap * 4 + Math.abs(box.left + box.width / 2 - centre);
        if (distance < least) [best, least] = [other, distance];
      }
      return best;
    },
    onDrag(event) {
      const card = event.target.closest('.card[data-asset-id]');
      const job = event.target.closest('[data-job-id]');
      const payload = card ? { asset_id: card.dataset.assetId } : job ? { job_id: job.dataset.jobId } : null;
      if (!payload) return;
      event.dataTransfer.setData(MIME, JSON.stringify(payload));
      event.dataTransfer.effectAllowed = 'copy';
      const picture = (card ?? job).querySelector('.card img');
      if (picture?.complete && !card?.classList.contains('is-blurred')) {
        event.dataTransfer.setDragImage(picture, 24, 24);
      }
    },
    // clips play while they are hovered
    onHover(event) {
      const card = event.target.closest('.card[data-video]');
      if (!card || card.querySelector('video, .card-moving') || calm() || event.pointerType === 'touch') return;
      const video = document.createElement('video');
      Object.assign(video, { src: card.dataset.video, muted: true, loop: true, playsInline: true, autoplay: true });
      video.onerror = () => this.playSmall(card, video);
      card.appendChild(video);
    },
    // a browser that lacks the codec shows the small moving picture
    playSmall(card, video) {
      const moving = document.createElement('img');
      Object.assign(moving, { src: card.dataset.video.replace('/original', '/preview'), alt: '', className: 'card-moving' });
      if (video.isConnected) video.replaceWith(moving);
    },
    onLeave(event) {
      const card = event.target.closest('.card[data-video]');
      if (!card || card.contains(event.relatedTarget)) return;
      card.querySelector('video, .card-moving')?.remove();
    },
    tellAges() {
      for (const time of this.$el.querySelectorAll('time[datetime]')) {
        const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60000));
        const words = minutes < 1 ? 'just now' : minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
        if (time.dataset.age !== words) time.dataset.age = words;
      }
    },
  },
};
