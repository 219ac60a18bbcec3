from . import millrace_posting
