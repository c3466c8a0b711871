// Draws what is inside it anew by itself when that changes; without it the whole page would be drawn with it.
export default {
  inheritAttrs: false,
  render() {
    return this.$slots.default?.();
  },
};
