// Functions of each calling convention of 32-bit code, for `kv`.
extern "C" {
volatile int sink;
__declspec(noinline) int __cdecl by_cdecl(int a) { sink = a; return sink; }
__declspec(noinline) int __stdcall by_stdcall(int a) { sink = a; return sink; }
__declspec(noinline) int __fastcall by_fastcall(int a, int b) { sink = a + b; return sink; }
__declspec(noinline) int __vectorcall by_vectorcall(int a) { sink = a; return sink; }
__declspec(noinline) static int by_none(void) { sink = 2; return sink; }
}
struct Object {
    int value;
    __declspec(noinline) int method(int a) { sink = a + value; return sink; }
    __declspec(noinline) int __stdcall standard(int a) { sink = a + value; return sink; }
    __declspec(noinline) static int shared(int a) { sink = a; return sink; }
};
extern "C" int start(void)
{
    Object object = {3};
    return by_cdecl(1) + by_stdcall(2) + by_fastcall(3, 4) + by_vectorcall(5) + by_none() + object.method(6) + object.standard(7) + Object::shared(8);
}
