"""The pages of linking: `link` to type and confirm a code, `disown` to undo it, `account` to see what is there."""
