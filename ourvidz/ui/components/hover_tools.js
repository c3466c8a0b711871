// One set of tools for all cards (jobs, rail items): it moves into the one that is hovered or focused. On a touch screen
// a long press (or, where `tapped`, a tap) holds it there; the press that brings the tools never presses one of them.
const HOLD = 450;

export default {
  template: '<div class="hover-tools" @click.stop @dblclick.stop><slot></slot></div>',
  props: { target: String, place: String, tapped: Boolean },
  mounted() {
    this.tools = this.$el;
    this.listen = new AbortController();
    const options = { signal: this.listen.signal, passive: true };
    const on = (type, act) => document.addEventListener(type, act, options);
    on('pointerover', (event) => event.pointerType === 'mouse' && this.moveTo(this.targetOf(event)));
    on('focusin', (event) => this.moveTo(this.targetOf(event)));
    on('pointerdown', (event) => this.onPress(event));
    on('pointermove', (event) => Math.hypot(event.movementX, event.movementY) > 4 && clearTimeout(this.timer));
    for (const type of ['pointerup', 'pointercancel', 'scroll']) on(type, () => clearTimeout(this.timer));
    if (this.tapped) on('click', (event) => this.isTouched && this.hold(this.targetOf(event)));
    document.addEventListener(
      'contextmenu',
      (event) => this.isTouched && this.targetOf(event)?.classList.contains('is-held') && event.preventDefault(),
      { signal: this.listen.signal },
    );
    window.addEventListener('ourvidz:jobs-changed', () => this.rest(), options);
    this.$nextTick(() => this.rest());
  },
  unmounted() {
    this.listen.abort();
    clearTimeout(this.timer);
    this.tools.remove();
  },
  methods: {
    targetOf(event) {
      const target = event.target.closest?.(this.target);
      return this.tapped && target && event.type === 'click' && !event.target.closest(this.place) ? null : target;
    },
    moveTo(target) {
      const place = this.place ? target?.querySelector(this.place) : target;
      if (place && this.tools.parentNode !== place) place.appendChild(this.tools);
    },
    // While nothing is pointed at, the first one has them.
    rest() {
      if (!this.tools.closest(this.target)?.matches(':hover, :focus-within')) this.moveTo(document.querySelector(this.target));
    },
    onPress(event) {
      clearTimeout(this.timer);
      this.isTouched = event.pointerType !== 'mouse';
      const target = this.targetOf(event);
      if (this.held && this.held !== target) this.letGo();
      if (this.isTouched && target && !this.tapped) this.timer = setTimeout(() => this.hold(target), HOLD);
    },
    hold(target) {
      if (!target || target.matches('.is-held')) return;
      this.letGo();
      this.held = target;
      this.moveTo(target);
      target.classList.add('is-held');
      navigator.vibrate?.(10);
    },
    letGo() {
      this.held?.classList.remove('is-held');
      this.held = null;
    },
  },
};
