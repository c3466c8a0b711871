import { h } from 'vue';

// A change inside draws what is inside and nothing else; a change outside does not draw what is inside.
export default {
  inheritAttrs: false,
  setup(_, { slots }) {
    const inside = { render: () => slots.default() };
    return () => h(inside);
  },
};
