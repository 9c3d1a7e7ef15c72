def make_target(*a): raise NotImplementedError
