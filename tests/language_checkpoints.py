"""A tiny real language model for the tests: Qwen2's class with random weights and a small tokenizer."""

from pathlib import Path

CHAT = (
    '{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}'
    '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}'
)
WORDS = 'a red fox in the snow at sunset with warm light on its fur , seen from below . Wish Prompt : short full'


def tiny_qwen(folder: Path, *, can_chat: bool = True, seed: int = 0) -> Path:
    """Write a tiny Qwen2ForCausalLM with its tokenizer into `folder` and return it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = sorted({f'Ġ{word}' for word in WORDS.split()})
    special = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
    merges = [(word[:end], word[end]) for word in words for end in range(1, len(word))]
    vocabulary = dict.fromkeys([*special, *letters, *(''.join(pair) for pair in merges)])
    model = models.BPE({token: at for at, token in enumerate(vocabulary)}, list(dict.fromkeys(merges)))
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token='<|im_end|>', pad_token='<|endoftext|>')
    fast.add_special_tokens({'additional_special_tokens': ['<|im_start|>']})
    if can_chat:
        fast.chat_template = CHAT
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    fast.save_pretrained(folder)
    return folder
