"""Which of the differing steps decide the result, and how much of its difference each of them makes."""

from compare.shares.account import account_of

__all__ = ["account_of"]
