typedef int (*FN)(int);
volatile int sink;
#define SHAPE __attribute__((noinline))
SHAPE int leaf(const int *p) { return *p * 3 + 1; }
SHAPE int many(int a, int b, int c, int d, int e, int f)
{ int g = leaf(&a), h = leaf(&b), i = leaf(&c), j = leaf(&d), k = leaf(&e), l = leaf(&f), m = leaf(&g);
  return g * h + i * j + k * l + m * a + b * c + d * e + f + leaf(&h) + leaf(&i); }
SHAPE int  std(int a, int b, int c) { int x = a * b; return leaf(&x) + c; }
SHAPE int  fast(int a, int b, int c, int d) { int x = a * b; return leaf(&x) + c + std(a, b, d); }
SHAPE int frame(int n) { volatile char room[1000]; room[n * 16 % 1000] = 1; return std(n, n, n) + room[n]; }
SHAPE int dyn(int n) { char *p = __builtin_alloca(n * 16 + 16); for (int i = 0; i < n * 16; i++) p[i] = n; return frame(n) + p[n]; }
SHAPE int early(int n) { if (n < 0) return -1; if (n == 0) return leaf((int *)&sink); int a = early(n - 1); return n & 1 ? a + frame(n) : a * many(n, a, 3, 4, 5, 6); }
SHAPE int tail(int n) { return early(n); }
SHAPE int indirect(FN fn, int n) { return fn(n) + 1; }
typedef struct { int a[10]; } BIG;
SHAPE BIG make(int n) { BIG b; for (int i = 0; i < 10; i++) b.a[i] = leaf(&n) * i; return b; }
SHAPE int use(BIG b) { return b.a[3] + std(b.a[1], b.a[2], b.a[4]); }
SHAPE double fl(double a, double b) { sink = leaf((int*)&sink); return a * b + std(1, 2, 3); }
SHAPE void *aligned(int n) { __attribute__((aligned(32))) volatile int x[8]; x[n & 7] = leaf(&n); return (void*)(x[0] + leaf((int*)&x[1])); }
int run(void) { return tail(3) + indirect(tail, 1) + fast(1, 2, 3, 4) + use(make(3)) + dyn(5) + (int)fl(2.5, 1.5) + (int)aligned(3); }
SHAPE int entry(void) { return run() + 1; }
int _fltused = 1;
void *memset(void *p, int v, unsigned long long n) { volatile char *c = p; while (n--) *c++ = v; return p; }
void start(void) { entry(); for (;;) sink++; }
