// Keys that work anywhere on the page, unless the person is typing.
// navigator.clipboard is missing where a page came over plain http, as it does on a home network.
window.ourvidzCopy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const before = document.activeElement;
  const field = Object.assign(document.createElement('textarea'), { value: text });
  document.body.append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  before?.focus?.();
  return isDone;
};

export default {
  template: '<div hidden></div>',
  emits: ['help'],
  mounted() {
    this.listen = new AbortController();
    const { signal } = this.listen;
    document.addEventListener('keydown', this.onHeld, { signal, capture: true });
    document.addEventListener('keydown', this.onKey, { signal });
  },
  unmounted() {
    this.listen.abort();
  },
  methods: {
    onHeld(event) {
      // a key that is held presses a button once
      if (event.repeat && (event.key === 'Enter' || event.key === ' ') && event.target.closest?.('button')) event.preventDefault();
    },
    onKey(event) {
      if (event.defaultPrevented || event.target.closest?.('input, textarea, select, [contenteditable]')) return;
      if ((event.ctrlKey || event.metaKey) && event.key === 'z') this.click('.undo-button');
      else if (event.ctrlKey || event.metaKey || event.altKey) return;
      else if (event.key === '?') this.$emit('help');
      else if (event.key === '/') document.querySelector('[data-testid=prompt-input], .search-input')?.focus();
      else return;
      event.preventDefault();
    },
    click(selector) {
      [...document.querySelectorAll(selector)].at(-1)?.click();
    },
  },
};
