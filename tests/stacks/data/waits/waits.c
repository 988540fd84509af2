/* waits.exe PIDFILE: threads that wait, each for something else, and two that wait for each other. Writes its pid and what
 * every thread does when all of them do it, then sleeps. */
#include <windows.h>
#include <stdio.h>

static CRITICAL_SECTION first, second, lonely;
static HANDLE event, mutex, semaphore, pipe_read, pipe_write, threads[16];
static volatile LONG ready;
#define BODY __attribute__((noinline))

typedef LONG(WINAPI *NTWAIT)(HANDLE, BOOLEAN, LARGE_INTEGER *);
static NTWAIT nt_wait;

BODY static DWORD WINAPI for_event(void *p) { InterlockedIncrement(&ready); return WaitForSingleObject(p, INFINITE); }
BODY static DWORD WINAPI for_mutex(void *p) { HANDLE m = p; InterlockedIncrement(&ready); DWORD r = WaitForSingleObjectEx(m, INFINITE, FALSE); ReleaseMutex(m); return r; }
BODY static DWORD WINAPI for_thread(void *p) { InterlockedIncrement(&ready); return WaitForSingleObject(threads[(SIZE_T)p], INFINITE) + 1; }
BODY static DWORD WINAPI for_several(void *p)
{
    HANDLE several[3] = {event, semaphore, p};
    InterlockedIncrement(&ready);
    return WaitForMultipleObjects(3, several, FALSE, INFINITE);
}
BODY static DWORD WINAPI for_all(void *p)
{
    HANDLE both[2] = {p, semaphore};
    InterlockedIncrement(&ready);
    return WaitForMultipleObjects(2, both, TRUE, INFINITE);
}
BODY static DWORD WINAPI for_pipe(void *p) { char c; DWORD n; InterlockedIncrement(&ready); ReadFile(p, &c, 1, &n, 0); return n; }
BODY static DWORD WINAPI sleeps(void *p) { InterlockedIncrement(&ready); Sleep(INFINITE); return (DWORD)(SIZE_T)p; }
BODY static DWORD WINAPI by_native_call(void *p) { HANDLE h = p; InterlockedIncrement(&ready); nt_wait(h, FALSE, 0); return nt_wait(h, FALSE, 0); }
BODY static DWORD WINAPI first_then_second(void *p)
{
    EnterCriticalSection(&first);
    InterlockedIncrement(&ready);
    Sleep(300);
    EnterCriticalSection(&second);
    LeaveCriticalSection(&second);
    LeaveCriticalSection(&first);
    return p != 0;
}
BODY static DWORD WINAPI second_then_first(void *p)
{
    CRITICAL_SECTION *mine = p;
    EnterCriticalSection(mine);
    EnterCriticalSection(mine);
    InterlockedIncrement(&ready);
    Sleep(300);
    EnterCriticalSection(&first);
    LeaveCriticalSection(&first);
    LeaveCriticalSection(mine);
    return 0;
}
BODY static void enter(CRITICAL_SECTION *section) { EnterCriticalSection(section); InterlockedIncrement(&ready); LeaveCriticalSection(section); }
BODY static DWORD WINAPI for_a_section(void *p) { InterlockedIncrement(&ready); enter(p); return 1; }

int main(int argc, char **argv)
{
    nt_wait = (NTWAIT)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtWaitForSingleObject");
    InitializeCriticalSection(&first);
    InitializeCriticalSection(&second);
    InitializeCriticalSection(&lonely);
    event = CreateEventA(0, TRUE, FALSE, "WaitsEvent");
    mutex = CreateMutexA(0, TRUE, "WaitsMutex");
    semaphore = CreateSemaphoreA(0, 0, 5, "WaitsSemaphore");
    CreatePipe(&pipe_read, &pipe_write, 0, 0);
    EnterCriticalSection(&lonely);
    struct { LPTHREAD_START_ROUTINE run; void *with; const char *name; } all[] = {
        {for_event, event, "for_event"}, {for_mutex, mutex, "for_mutex"}, {sleeps, 0, "sleeps"}, {for_several, mutex, "for_several"},
        {for_all, event, "for_all"}, {for_pipe, pipe_read, "for_pipe"}, {by_native_call, semaphore, "by_native_call"},
        {first_then_second, 0, "first_then_second"}, {second_then_first, &second, "second_then_first"}, {for_a_section, &lonely, "for_a_section"},
        {for_thread, (void *)2, "for_thread"},
    };
    int count = sizeof all / sizeof *all;
    DWORD tids[16];
    for (int i = 0; i < count; i++) threads[i] = CreateThread(0, 0, all[i].run, all[i].with, 0, &tids[i]);
    while (ready < count) Sleep(10);
    Sleep(1500);
    char part[MAX_PATH];
    snprintf(part, sizeof part, "%s.part", argv[1]);
    FILE *file = fopen(part, "w");
    fprintf(file, "%lu main %lx first %p second %p lonely %p event %p mutex %p semaphore %p pipe %p thread %p", GetCurrentProcessId(), GetCurrentThreadId(),
            (void *)&first, (void *)&second, (void *)&lonely, event, mutex, semaphore, pipe_read, threads[2]);
    for (int i = 0; i < count; i++) fprintf(file, " %s %lx", all[i].name, tids[i]);
    fclose(file);
    MoveFileA(part, argv[1]);
    Sleep(60000);
    return 0;
}
