"""Our programs as processes that need not import first: forked from one that has done it."""
