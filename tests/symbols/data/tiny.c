/* A program without a run-time library: calls put inline, a static function, a leaf. */
volatile int sink;
__attribute__((noinline)) static int leaf(int x) { sink = x; return x * 3; }
static inline __attribute__((always_inline)) int inner(int x) { sink = x + 1; return leaf(x) + 1; }
static inline __attribute__((always_inline)) int outer(int x) { int y = inner(x + 2); sink = y; return y * 2; }
__attribute__((noinline)) int work(int x) { sink = x; int y = outer(x); sink = y; return y; }
int start(void) { return work(5) + work(6); }
