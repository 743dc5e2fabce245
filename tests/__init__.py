import os

# One thread for each test process: its workers have all cores, and threads that wait for each other take a third more.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
