/* locks.exe DUMP TRUTH: threads that wait for SRW locks, condition variables and an address. When all of them do, the program writes a dump
 * of itself (flags 0x1806) and what every thread waits for. */
#include <windows.h>
#include <stdio.h>

static SRWLOCK held, shared;
static CONDITION_VARIABLE by_srw, by_section;
static CRITICAL_SECTION section, taken;
static SRWLOCK outer;
static volatile LONG watched, ready;
#define BODY __attribute__((noinline))

typedef BOOL(WINAPI *WRITE)(HANDLE, DWORD, HANDLE, DWORD, void *, void *, void *);
typedef BOOL(WINAPI *WAIT)(volatile void *, void *, SIZE_T, DWORD);
static WAIT wait_on_address;

BODY static DWORD WINAPI exclusive(void *p) { InterlockedIncrement(&ready); AcquireSRWLockExclusive(&held); return p != 0; }
BODY static DWORD WINAPI share(void *p) { InterlockedIncrement(&ready); AcquireSRWLockShared(&shared); return p != 0; }
BODY static DWORD WINAPI condition_srw(void *p)
{
    AcquireSRWLockExclusive(&outer);
    InterlockedIncrement(&ready);
    SleepConditionVariableSRW(&by_srw, &outer, INFINITE, 0);
    return p != 0;
}
BODY static DWORD WINAPI condition_section(void *p)
{
    EnterCriticalSection(&section);
    InterlockedIncrement(&ready);
    SleepConditionVariableCS(&by_section, &section, INFINITE);
    return p != 0;
}
BODY static DWORD WINAPI address(void *p) { LONG old = 0; InterlockedIncrement(&ready); wait_on_address(&watched, &old, sizeof old, INFINITE); return p != 0; }
BODY static DWORD WINAPI in_section(void *p) { InterlockedIncrement(&ready); EnterCriticalSection(&taken); return p != 0; }

int main(int argc, char **argv)
{
    wait_on_address = (WAIT)(void *)GetProcAddress(LoadLibraryA("kernelbase.dll"), "WaitOnAddress");
    WRITE write = (WRITE)(void *)GetProcAddress(LoadLibraryA("dbghelp.dll"), "MiniDumpWriteDump");
    if (argc < 3 || !wait_on_address || !write) return 1;
    InitializeCriticalSection(&section);
    InitializeCriticalSection(&taken);
    EnterCriticalSection(&taken);
    AcquireSRWLockExclusive(&held);
    AcquireSRWLockExclusive(&shared);
    struct { LPTHREAD_START_ROUTINE run; const char *name; const void *what; } all[] = {
        {exclusive, "exclusive", &held}, {share, "share", &shared}, {condition_srw, "condition_srw", &by_srw},
        {condition_section, "condition_section", &by_section}, {address, "address", (void *)&watched}, {in_section, "in_section", &taken},
    };
    int count = sizeof all / sizeof *all;
    DWORD tids[16];
    for (int i = 0; i < count; i++) CreateThread(0, 0, all[i].run, 0, 0, &tids[i]);
    while (ready < count) Sleep(10);
    Sleep(1000);
    HANDLE file = CreateFileA(argv[1], GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0);
    BOOL done = write(GetCurrentProcess(), GetCurrentProcessId(), file, 0x1806, 0, 0, 0);
    CloseHandle(file);
    FILE *truth = fopen(argv[2], "w");
    fprintf(truth, "%lu", GetCurrentProcessId());
    for (int i = 0; i < count; i++) fprintf(truth, " %s %lx %s_at %llx", all[i].name, tids[i], all[i].name, (unsigned long long)all[i].what);
    fclose(truth);
    ExitProcess(!done);
}
