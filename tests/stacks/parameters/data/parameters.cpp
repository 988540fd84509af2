// Functions with parameters of many types. Without any library: tests/stacks/parameters/emulate.py runs it in an emulator.
#define SHAPE __attribute__((noinline))
#define INLINE __attribute__((always_inline)) static inline
typedef wchar_t wide_t;
extern "C" int _fltused = 0;
static volatile int sink;
extern "C" SHAPE void *memset(void *to, int value, decltype(sizeof 0) size)
{ char *at = (char *)to; while (size--) *(volatile char *)at++ = (char)value; return to; }
extern "C" SHAPE void *memcpy(void *to, const void *from, decltype(sizeof 0) size)
{ char *at = (char *)to; const char *of = (const char *)from; while (size--) *(volatile char *)at++ = *of++; return to; }

enum Color { RED, GREEN = 5, BLUE = -1 };
enum class Level : unsigned char { LOW = 1, HIGH = 200 };
enum class Wide : long long { SMALL = -3, BIG = 0x123456789abcdefLL };
enum class Flags : unsigned { NONE, TOP = 0x80000000u };
struct One { char c; };
struct Small { int x; };
struct Point { int x, y; };
struct Three { char a, b, c; };
struct Large { long long a, b, c; char name[8]; };
union Either { int i; float f; };
class Shape { public: int sides; double area; Shape(int n, double a); int method(int times); virtual int over(const char *what); static int fixed(int n, char c); bool operator==(const Shape &other) const; };
template <typename T> struct Box { T value; };
typedef int Number;
typedef int (*Callback)(int, char *);
namespace space { struct Inner { int v; }; SHAPE int spaced(Inner *in, const Inner &ref) { sink = in->v; return ref.v + sink; } }
struct { int a; } unnamed_type;

SHAPE int leaf(const int *p) { return *p * 3 + 1; }
SHAPE int integers(char c, signed char sc, unsigned char uc, short s, unsigned short us, int i, unsigned u, long l, unsigned long ul, long long ll, unsigned long long ull)
{ sink = i; return c + sc + uc + s + us + i + u + l + ul + (int)ll + (int)ull + leaf((int *)&sink); }
SHAPE int others(bool yes, bool no, wide_t w, char16_t c16, char32_t c32, float f, double d, long double ld)
{ sink = (int)f; return yes + no + w + c16 + c32 + (int)f + (int)d + (int)ld + leaf((int *)&sink); }
SHAPE int on_the_stack(int a, int b, int c, int d, char e, bool f, float g, double h, wide_t i, Color j, Small k, short *l)
{ sink = a; return a + b + c + d + e + f + (int)g + (int)h + i + j + k.x + *l + leaf((int *)&sink); }
SHAPE int enums(Color c, Level l, Wide w, Flags f, Color &ref, const Color *p, Color odd, Level none)
{ sink = c; return c + (int)l + (int)w + (int)f + ref + *p + odd + (int)none + leaf((int *)&sink); }
SHAPE int texts(char *text, const char *const ctext, wide_t *wide, unsigned char *bytes, signed char *schars, const char *volatile unprintable, char *lengthy, char *empty)
{ sink = text[0]; return text[0] + ctext[0] + wide[0] + bytes[0] + schars[0] + unprintable[0] + lengthy[0] + empty[0] + leaf((int *)&sink); }
SHAPE int wides(wide_t *plain, wide_t *chinese, wide_t *latin, const wide_t *lengthy, char16_t *c16, char32_t *c32, unsigned short *shorts, char *latin1)
{ sink = plain[0]; return plain[0] + chinese[0] + latin[0] + lengthy[0] + c16[0] + (int)c32[0] + shorts[0] + latin1[0] + leaf((int *)&sink); }
SHAPE int pointers(void *nothing, int *number, int **twice, char **argv, const void *const cv, bool *flag, float *single, Large *large, volatile int *changes, decltype(nullptr) null)
{ sink = *number; return (nothing != 0) + *number + **twice + argv[0][0] + (cv != 0) + *flag + (int)*single + (int)large->a + *changes + (null == 0) + leaf((int *)&sink); }
SHAPE int structs(One o, Small s, Point p, Three t, Large l, Either e, Point *pp, Large &rl, Shape *shape, Shape &&rr, Box<int> box, Box<Point> *boxes)
{ sink = s.x; return o.c + s.x + p.x + t.b + (int)l.a + e.i + pp->y + (int)rl.b + shape->sides + rr.sides + box.value + boxes->value.y + leaf((int *)&sink); }
SHAPE int functions(Callback cb, int (*plain)(const int *), int (&array)[4], int (*parray)[4], int Shape::*member, Number number, Callback *callbacks, int (*table)[2][3], void (*const *list)())
{ sink = number; return (cb != 0) + plain((int *)&sink) + array[1] + (*parray)[2] + (member != 0) + (callbacks != 0) + (*table)[1][2] + (list != 0); }
SHAPE int nothing_there(char *text, wide_t *wide, Point *p, Callback cb, void *end, char *high, char *low)
{ sink = 3; return (text != 0) + (wide != 0) + (p != 0) + (cb != 0) + (end != 0) + (high != 0) + (low != 0) + leaf((int *)&sink); }
SHAPE int variadic(const char *format, ...) { sink = format[0]; return leaf((int *)&sink); }
SHAPE int nothing_at_all(void) { sink = 8; return leaf((int *)&sink); }
SHAPE int unnamed(int, char *text, int) { sink = text[0]; return leaf((int *)&sink); }
SHAPE int of_unnamed(decltype(unnamed_type) *what, int n) { sink = n; return what->a + leaf((int *)&sink); }
template <typename T> SHAPE T generic(T value, T *place) { sink = (int)value; return value + *place + leaf((int *)&sink); }
SHAPE int with_locals(int a, int b)
{ int c = a * 2; { int d = b + c; volatile int e = d; sink = e; } char room[20]; memset(room, a, 20); return leaf(&c) + room[3]; }
Shape::Shape(int n, double a) : sides(n), area(a) { sink = leaf(&n); }
int Shape::method(int times) { sink = sides; return times * leaf((int *)&sides); }
int Shape::over(const char *what) { sink = what[1]; return leaf((int *)&sink) + sides; }
int Shape::fixed(int n, char c) { sink = n; return leaf(&n) + c; }
bool Shape::operator==(const Shape &other) const { sink = other.sides; return leaf(&sides) == other.sides; }
INLINE int put_inline(int x, const char *name) { sink = x; return leaf((int *)&sink) + name[0]; }
INLINE int put_twice(int y, Point *p) { sink = y; return put_inline(y + 1, "twice") + p->x; }
SHAPE int has_inlines(int n, Point *p) { int a = put_inline(n, "inline"); int b = put_twice(n * 2, p); return a + b + n; }
SHAPE int kept(int a, char *text, Point *p) { int b = leaf(&a); sink = b; int c = leaf((int *)&sink); return a + text[0] + p->x + leaf(&c); }
SHAPE double floats(double a, float b, double c, float d) { double e = a * b; sink = leaf((int *)&sink); return e + c * leaf((int *)&sink) + d; }
SHAPE double after_floats(double a, double b) { double c = floats(a, 1.5f, b, 2.5f); return c + a * b; }
SHAPE int recursive(int depth, char *text) { if (depth == 0) return leaf((int *)&sink); sink = depth; return recursive(depth - 1, text + 1) * 2 + text[0]; }
SHAPE int dynamic(int n, char *text) { char *room = (char *)__builtin_alloca(n * 16 + 16); memset(room, n, 4); sink = room[0]; return leaf((int *)&sink) + text[0] + n; }
SHAPE int callback(int n, char *text) { return n + text[0]; }
SHAPE int tail_call(int n, char *text) { return recursive(n - 1, text); }

SHAPE int part_one(char **argv, int n)
{
    char text[] = "some text", quoted[] = "a \"quoted\"\ttab", latin1[] = "caf\xe9", lengthy[600], empty[] = "", control[] = "\x01\x02\x03";
    wide_t wide[] = L"wide text", chinese[] = {0x4e2d, 'a', 0}, latin[] = {'c', 0xe9, 'b', 0}, long_wide[300];
    char16_t c16[] = u"sixteen";
    char32_t c32[] = U"thirty-two";
    unsigned short shorts[] = {'s', 'h', 0};
    for (int i = 0; i < 599; i++) *(volatile char *)&lengthy[i] = 'a' + i % 26;
    for (int i = 0; i < 299; i++) *(volatile wide_t *)&long_wide[i] = 'A' + i % 26;
    lengthy[599] = 0; long_wide[299] = 0;
    int *pn = &n;
    Color green = GREEN;
    const Color blue = BLUE;
    bool flag = true;
    float single = 2.5f;
    short small = 12;
    Large large = {4, 5, 6, "large"};
    volatile int changes = 3;
    int r = integers('A', -2, 200, -3000, 60000, -5, 0x80000000, -7, 8, -9000000000LL, 0xFEDCBA9876543210ULL);
    r += integers('\n', 'z', 'z', 0, 0, 0, 9, 0, 10, 7, 9);
    r += others(true, false, L'w', u'\x4e2d', U'\x1F600', 1.5f, -2.25, 3.125L);
    r += others(false, true, 5, 7, 9, 1e30f, 1e-300, 0.1L);
    r += others(false, true, 0xe9, 7, 9, __builtin_inff(), -__builtin_inf(), 0.1L);
    r += others(false, true, 0x4e2d, 7, 9, __builtin_nanf(""), __builtin_nan(""), 0.1L);
    r += others(false, true, '\'', 7, 9, 1e-45f, 1234567890123456789.0, 0.1L);
    r += others(false, true, 0x7f, 7, 9, -0.0f, 1e17, 0.1L);
    r += on_the_stack(1, 2, 3, 4, 'e', true, 0.1f, 0.1, 'i', BLUE, {77}, &small);
    r += enums(RED, Level::HIGH, Wide::BIG, Flags::TOP, green, &blue, (Color)77, (Level)0);
    r += enums(BLUE, Level::LOW, Wide::SMALL, (Flags)0x80000001u, green, &blue, GREEN, (Level)250);
    r += texts(text, "constant", wide, (unsigned char *)quoted, (signed char *)text, control, lengthy, empty);
    r += wides(wide, chinese, latin, long_wide, c16, c32, shorts, latin1);
    r += pointers(text, pn, &pn, argv, wide, &flag, &single, &large, &changes, nullptr);
    r += nothing_there(0, 0, 0, 0, 0, (char *)-1, (char *)8);
    r += nothing_there((char *)0x12345678, (wide_t *)-16, (Point *)1, (Callback)2, (void *)0x7fffffffffffffff, (char *)0x8000000000000000, (char *)1);
    return r;
}
SHAPE int part_two(char **argv, int n)
{
    char text[] = "some text";
    Small small = {1};
    Point point = {2, 3};
    Large large = {4, 5, 6, "large"};
    Either either = {7};
    Shape shape(4, 2.5);
    int numbers[4] = {5, 3, 1, 4}, table[2][3] = {{1, 2, 3}, {4, 5, 6}};
    Callback callbacks[2] = {callback, callback};
    Box<Point> boxes = {{1, 2}};
    int r = structs({'o'}, small, point, {'a', 'b', 'c'}, large, either, &point, large, &shape, (Shape &&)shape, {9}, &boxes);
    r += functions(callback, leaf, numbers, &numbers, &Shape::sides, 42, callbacks, &table, (void (**)())callbacks);
    r += variadic("%d %s", n, text) + nothing_at_all() + unnamed(1, text, 2) + of_unnamed(&unnamed_type, 3) + with_locals(n, 3) + shape.method(7) + shape.over("over");
    r += Shape::fixed(3, 'f') + (shape == shape) + generic(5, &numbers[0]) + (int)generic(2.5, &shape.area);
    r += has_inlines(n, &point) + kept(n, text, &point) + (int)after_floats(2.5, 0.1) + recursive(3, text) + dynamic(n, text) + tail_call(2, text);
    space::Inner inner = {12};
    r += space::spaced(&inner, inner);
    return r + callback(n, text);
}
extern "C" int start()
{
    static char name[] = "program";
    char *argv[] = {name, 0};
    return part_one(argv, 4) + part_two(argv, 4);
}
