/* A function with room for a hook before its first line: DWARF has its range without that, the symbol table and the export with it. */
static volatile int sink;
__attribute__((noinline, dllexport)) int plain(int value)
{
    sink = value;
    return sink + 1;
}
__attribute__((noinline, dllexport, ms_hook_prologue)) int hooked(int value)
{
    sink = value;
    return plain(value) + 2;
}
int DllMain(void *module, unsigned reason, void *reserved)
{
    return 1;
}
