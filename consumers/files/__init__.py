"""The national picture as files: every figure up to a month, in forms that others read (ADR 46)."""
