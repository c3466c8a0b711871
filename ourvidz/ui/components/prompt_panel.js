// The floating panel: tells the page its height, folds away on a phone, and moves through its menus by arrow keys.
export default {
  template: `
    <section class="prompt-panel" :class="{ 'is-folded': folded }" aria-label="Prompt and controls">
      <button type="button" class="panel-handle" :aria-expanded="!folded" aria-label="Controls" data-testid="panel-handle"
              @click="fold(!folded)" @touchstart.passive="onTouch" @touchend.passive="onTouch"></button>
      <slot></slot>
    </section>`,
  data() {
    return { folded: false };
  },
  mounted() {
    this.observer = new ResizeObserver(() => this.tellHeight());
    this.observer.observe(this.$el);
    this.listener = (event) => this.onKey(event);
    document.addEventListener("keydown", this.listener);
    this.tellHeight();
  },
  unmounted() {
    this.observer.disconnect();
    document.removeEventListener("keydown", this.listener);
    document.documentElement.style.removeProperty("--panel-height");
  },
  methods: {
    tellHeight() {
      document.documentElement.style.setProperty("--panel-height", `${Math.round(this.$el.offsetHeight)}px`);
    },
    fold(folded) {
      this.folded = folded;
    },
    onTouch(event) {
      const y = event.changedTouches[0].clientY;
      if (event.type === "touchstart") this.startY = y;
      else if (Math.abs(y - this.startY) > 24) this.fold(y > this.startY);
    },
    onKey(event) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && !event.isComposing) {
        if (document.querySelector(".q-dialog")) return;
        event.preventDefault();
        this.$emit("generate");
        return;
      }
      const menu = event.target.closest?.("[role=menu]") ?? this.menuJustOpened(event);
      if (menu) this.moveIn(menu, event);
    },
    menuJustOpened(event) {
      // the first key may come before the menu has taken the focus from its button
      return event.target.closest?.("input, textarea") ? null : document.querySelector(".popup[role=menu]");
    },
    moveIn(menu, event) {
      const columns = Number(menu.dataset.columns ?? 1);
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
      const items = [...menu.querySelectorAll("[role^=menuitem]")];
      const at = items.indexOf(document.activeElement);
      const chosen = items.findIndex((item) => item.getAttribute("aria-checked") === "true");
      let next = null;
      if (event.key in steps) next = at < 0 ? Math.max(chosen, 0) : (at + steps[event.key] + items.length) % items.length;
      else if (event.key === "Home") next = 0;
      else if (event.key === "End") next = items.length - 1;
      if (next === null) return;
      event.preventDefault();
      items[next]?.focus();
    },
  },
};
