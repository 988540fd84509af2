/* probe.exe JOBS: asks the dbgeng.dll that lies beside it about many dumps, one after the other, in one process.

   JOBS is a UTF-8 file, one job a line, fields separated by tabs:
       DUMP   OUTPUT   WHAT   ADDRESSES   HANDLES   COMMANDS
   WHAT       letters: h handles, t threads, r regions, e events and process, m modules, b keep the text printed while
              opening, f commands before the questions, w output as Unicode (else in the ANSI code page, as a plain client
              gets it), d as w, with its DML (each such chunk between \x01 and \x02), x leave the process after this job
              (a session in which pykd was loaded cannot be ended)
   ADDRESSES  hex numbers separated by commas: 16 bytes are read at each
   HANDLES    hex numbers separated by commas: asked one by one, with every data type (the walk of h asks 4, 8 ... 0xFFFC)
   COMMANDS   debugger commands separated by \x1f

   The answers go to OUTPUT; lines that begin with "@" are this program's, all others are the engine's own text.
   A job that was finished ends with "@@ END"; whoever started the program can tell from that where it died. */
#define CINTERFACE
#define COBJMACROS
#define INITGUID
#include <windows.h>
#include <dbgeng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long u64;
static FILE *out;
static int muted, dml, unicode;

static void put_wide(PCWSTR text)
{
    static char bytes[262144];
    if (text && WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof(bytes), NULL, NULL) > 0) fputs(bytes, out);
}

/* ---- output callbacks */
static const GUID IID_WideOutput = {0x67721fe9,0x56d2,0x4a44,{0xa3,0x25,0x2b,0x65,0x51,0x3c,0xe6,0xeb}};
static HRESULT STDMETHODCALLTYPE cb_query(void *self, REFIID iid, void **result)
{
    if (IsEqualGUID(iid, &IID_IUnknown) || IsEqualGUID(iid, &IID_IDebugOutputCallbacks) || (unicode && IsEqualGUID(iid, &IID_WideOutput))) {
        *result = self;
        return S_OK;
    }
    *result = NULL;
    return E_NOINTERFACE;
}
static ULONG STDMETHODCALLTYPE cb_count(void *self) { return 1; }
static HRESULT STDMETHODCALLTYPE cb_output(void *self, ULONG mask, PCSTR text)
{
    if (!muted) fputs(text, out);
    return S_OK;
}
static HRESULT STDMETHODCALLTYPE cb_interest(void *self, ULONG *mask) { *mask = dml ? 2 | 4 /* text and DML */ : 2; return S_OK; }
static HRESULT STDMETHODCALLTYPE cb_output2(void *self, ULONG which, ULONG flags, ULONG64 arg, PCWSTR text)
{
    if (muted || !text) return S_OK;
    if (which == 1) fputs("\x01", out);
    put_wide(text);
    if (which == 1) fputs("\x02", out);
    return S_OK;
}
static void *callback_table[] = { cb_query, cb_count, cb_count, cb_output, cb_interest, cb_output2 };
static void *callbacks = callback_table;

/* ---- what one session asks */
typedef struct {
    IDebugClient4 *client;
    IDebugControl3 *control;
    IDebugDataSpaces3 *data;
    IDebugSystemObjects2 *objects;
    IDebugSymbols2 *symbols;
    void **advanced;   /* IDebugAdvanced2 and IDebugControl4, which the header lacks: called by slot */
    void **control4;
} Session;
static const GUID IID_Advanced2 = {0x716d14c9,0x119b,0x4ba5,{0xaf,0x1f,0x08,0x90,0xe6,0x72,0x41,0x6a}};
static const GUID IID_Control4 = {0x94e60ce9,0x9b41,0x4b19,{0x9f,0xc0,0x6d,0x9e,0xb3,0x52,0x72,0xb3}};
#define STORED_EVENT_SLOT (sizeof(IDebugControl3Vtbl) / sizeof(void *) + 49)
typedef HRESULT (STDMETHODCALLTYPE *StoredEvent)(void *, ULONG *, ULONG *, ULONG *, void *, ULONG, ULONG *, void *, ULONG, ULONG *);
typedef HRESULT (STDMETHODCALLTYPE *ObjectInformation)(void *, ULONG, ULONG64, ULONG, void *, ULONG, ULONG *);
typedef struct { ULONG Valid, ExitStatus, PriorityClass, Priority; ULONG64 CreateTime, ExitTime, KernelTime, UserTime, StartOffset, Affinity; } BasicThread;

static void put_handle(Session *s, u64 handle)
{
    DEBUG_HANDLE_DATA_BASIC basic;
    WCHAR type[256], name[4096];
    HRESULT hr, hr_type, hr_name;
    ULONG size;
    memset(&basic, 0, sizeof(basic));
    type[0] = name[0] = 0;
    hr = s->data->lpVtbl->ReadHandleData(s->data, handle, DEBUG_HANDLE_DATA_TYPE_BASIC, &basic, sizeof(basic), &size);
    if (FAILED(hr)) {
        if (hr != (HRESULT)0x80004002) fprintf(out, "@@ handle %llx hr=%08lx\n", handle, hr);
        return;
    }
    hr_type = s->data->lpVtbl->ReadHandleData(s->data, handle, DEBUG_HANDLE_DATA_TYPE_TYPE_NAME_WIDE, type, sizeof(type), &size);
    hr_name = s->data->lpVtbl->ReadHandleData(s->data, handle, DEBUG_HANDLE_DATA_TYPE_OBJECT_NAME_WIDE, name, sizeof(name), &size);
    fprintf(out, "@h\t%llx\t%lx\t%lx\t%lu\t%lu\t%08lx\t", handle, basic.Attributes, basic.GrantedAccess, basic.HandleCount, basic.PointerCount, hr_type);
    put_wide(type);
    fprintf(out, "\t%08lx\t", hr_name);
    put_wide(name);
    fputs("\n", out);
}

static void ask_handles(Session *s)
{
    ULONG count = 0, size = 0, handle;
    HRESULT hr = s->data->lpVtbl->ReadHandleData(s->data, 0, DEBUG_HANDLE_DATA_TYPE_HANDLE_COUNT, &count, sizeof(count), &size);
    fprintf(out, "@@ HANDLE_COUNT hr=%08lx count=%lu\n", hr, count);
    for (handle = 4; handle < 0x10000; handle += 4) put_handle(s, handle);
}

/* every data type of one handle: "@d handle type hr size bytes" */
static void ask_handle_data(Session *s, u64 handle)
{
    static BYTE bytes[65536];
    ULONG type, i;
    for (type = 0; type <= 15; type++) {
        ULONG size = 0;
        HRESULT hr;
        memset(bytes, 0, 256);
        hr = s->data->lpVtbl->ReadHandleData(s->data, handle, type, bytes, sizeof(bytes), &size);
        fprintf(out, "@d\t%llx\t%lu\t%08lx\t%lx\t", handle, type, hr, size);
        for (i = 0; i < (SUCCEEDED(hr) ? size : 0) && i < 96; i++) fprintf(out, "%02x", bytes[i]);
        fputs("\n", out);
    }
}

static void ask_threads(Session *s)
{
    ULONG count = 0, i;
    HRESULT hr = s->objects->lpVtbl->GetNumberThreads(s->objects, &count);
    ULONG before = ~0u;
    fprintf(out, "@@ THREADS hr=%08lx count=%lu\n", hr, count);
    if (!s->advanced) { fprintf(out, "@@ no IDebugAdvanced2\n"); return; }
    s->objects->lpVtbl->GetCurrentThreadId(s->objects, &before);
    for (i = 0; i < count; i++) {
        ULONG id = 0, system_id = 0, size = 0;
        ULONG64 teb = 0;
        BasicThread t;
        HRESULT hr_teb, hr_info;
        s->objects->lpVtbl->GetThreadIdsByIndex(s->objects, i, 1, &id, &system_id);
        s->objects->lpVtbl->SetCurrentThreadId(s->objects, id);
        hr_teb = s->objects->lpVtbl->GetCurrentThreadTeb(s->objects, &teb);
        memset(&t, 0, sizeof(t));
        hr_info = ((ObjectInformation)(*(void ***)s->advanced)[9])(s->advanced, 0, 0, id, &t, sizeof(t), &size);
        fprintf(out, "@t\t%lu\t%lx\t%08lx\t%llx\thr=%08lx\tvalid=%lx\texit=%lx\tclass=%lx\tprio=%lx\tcreate=%llu\texitt=%llu\tkernel=%llu\tuser=%llu\tstart=%llx\taff=%llx\n",
            id, system_id, hr_teb, (u64)teb, hr_info, t.Valid, t.ExitStatus, t.PriorityClass, t.Priority, (u64)t.CreateTime, (u64)t.ExitTime,
            (u64)t.KernelTime, (u64)t.UserTime, (u64)t.StartOffset, (u64)t.Affinity);
    }
    if (before != ~0u) s->objects->lpVtbl->SetCurrentThreadId(s->objects, before);
}

static void ask_regions(Session *s)
{
    ULONG64 at = 0;
    ULONG count = 0;
    HRESULT hr;
    MEMORY_BASIC_INFORMATION64 m;
    for (;; count++) {
        memset(&m, 0, sizeof(m));
        hr = s->data->lpVtbl->QueryVirtual(s->data, at, &m);
        if (FAILED(hr) || !m.RegionSize || count > 2000000) break;
        fprintf(out, "@r\t%llx\t%llx\t%lx\t%lx\t%lx\t%lx\n", (u64)m.BaseAddress, (u64)m.RegionSize, m.State, m.Protect, m.Type, m.AllocationProtect);
        if (m.BaseAddress + m.RegionSize <= at) break;
        at = m.BaseAddress + m.RegionSize;
    }
    fprintf(out, "@@ REGIONS count=%lu last_hr=%08lx at=%llx\n", count, hr, (u64)at);
}

/* "@a address read-hr bytes-read bytes query-hr base size state protect type allocation-protect allocation-base" */
static void ask_address(Session *s, u64 address)
{
    BYTE bytes[16];
    ULONG got = 0, i;
    MEMORY_BASIC_INFORMATION64 m;
    HRESULT hr = s->data->lpVtbl->ReadVirtual(s->data, address, bytes, sizeof(bytes), &got);
    fprintf(out, "@a\t%llx\t%08lx\t%lu\t", address, hr, got);
    for (i = 0; SUCCEEDED(hr) && i < got && i < 16; i++) fprintf(out, "%02x", bytes[i]);
    memset(&m, 0, sizeof(m));
    hr = s->data->lpVtbl->QueryVirtual(s->data, address, &m);
    fprintf(out, "\t%08lx\t%llx\t%llx\t%lx\t%lx\t%lx\t%lx\t%llx\n", hr, (u64)m.BaseAddress, (u64)m.RegionSize, m.State, m.Protect, m.Type, m.AllocationProtect, (u64)m.AllocationBase);
}

static void ask_events(Session *s)
{
    ULONG type = 0, process = 0, thread = 0, size = 0, id = 0, system_id = 0, number = 0, used = 0, i;
    ULONG64 value = 0;
    char text[1024] = "";
    static BYTE context[65536], extra[65536];
    HRESULT hr;
    if (s->control4) {
        hr = ((StoredEvent)(*(void ***)s->control4)[STORED_EVENT_SLOT])(s->control4, &type, &process, &thread, context, sizeof(context), &size, extra, sizeof(extra), &used);
        fprintf(out, "@@ STORED_EVENT hr=%08lx type=%lx process=%lx thread=%lx context=%lx extra=%lx bytes=", hr, type, process, thread, size, used);
        for (i = 0; SUCCEEDED(hr) && i < used && i < 160; i++) fprintf(out, "%02x", extra[i]);
        fputs("\n", out);
    }
    type = process = thread = size = 0;
    hr = s->control->lpVtbl->GetLastEventInformation(s->control, &type, &process, &thread, extra, sizeof(extra), &used, text, sizeof(text), &size);
    fprintf(out, "@@ LAST_EVENT hr=%08lx type=%lx process=%lx thread=%lx extra=%lx text=%s\n", hr, type, process, thread, used, text);
    hr = s->objects->lpVtbl->GetCurrentProcessId(s->objects, &id);
    fprintf(out, "@@ PROCESS hr=%08lx id=%lu", hr, id);
    hr = s->objects->lpVtbl->GetCurrentProcessSystemId(s->objects, &system_id);
    fprintf(out, " system_hr=%08lx system_id=%lx", hr, system_id);
    hr = s->objects->lpVtbl->GetCurrentProcessPeb(s->objects, &value);
    fprintf(out, " peb_hr=%08lx peb=%llx", hr, (u64)value);
    value = 0;
    hr = s->objects->lpVtbl->GetCurrentProcessDataOffset(s->objects, &value);
    fprintf(out, " data_hr=%08lx data=%llx", hr, (u64)value);
    text[0] = 0;
    hr = s->objects->lpVtbl->GetCurrentProcessExecutableName(s->objects, text, sizeof(text), &size);
    fprintf(out, " exe_hr=%08lx exe=%s\n", hr, text);
    value = 0; id = system_id = 0;
    hr = s->objects->lpVtbl->GetCurrentThreadId(s->objects, &id);
    fprintf(out, "@@ THREAD hr=%08lx id=%lu", hr, id);
    hr = s->objects->lpVtbl->GetCurrentThreadSystemId(s->objects, &system_id);
    fprintf(out, " system_hr=%08lx system_id=%lx", hr, system_id);
    hr = s->objects->lpVtbl->GetCurrentThreadTeb(s->objects, &value);
    fprintf(out, " teb_hr=%08lx teb=%llx\n", hr, (u64)value);
    hr = s->control->lpVtbl->GetActualProcessorType(s->control, &number);
    fprintf(out, "@@ PROCESSOR hr=%08lx type=%lx", hr, number);
    number = 0;
    hr = s->control->lpVtbl->GetCurrentTimeDate(s->control, &number);
    fprintf(out, " time_hr=%08lx time=%lu", hr, number);
    number = 0;
    hr = s->control->lpVtbl->GetCurrentSystemUpTime(s->control, &number);
    fprintf(out, " uptime_hr=%08lx uptime=%lu\n", hr, number);
    number = 0;
    hr = s->objects->lpVtbl->GetCurrentProcessUpTime(s->objects, &number);
    fprintf(out, "@@ UPTIME hr=%08lx seconds=%lu\n", hr, number);
}

static void ask_modules(Session *s)
{
    ULONG loaded = 0, unloaded = 0, i;
    HRESULT hr = s->symbols->lpVtbl->GetNumberModules(s->symbols, &loaded, &unloaded);
    fprintf(out, "@@ MODULES hr=%08lx loaded=%lu unloaded=%lu\n", hr, loaded, unloaded);
    for (i = 0; SUCCEEDED(hr) && i < loaded + unloaded && i < 4096; i++) {
        char image[1024] = "", module[256] = "", full[16] = "";
        DEBUG_MODULE_PARAMETERS p;
        ULONG64 base = 0;
        ULONG a, b, c;
        HRESULT hr_names, hr_base = s->symbols->lpVtbl->GetModuleByIndex(s->symbols, i, &base);
        memset(&p, 0, sizeof(p));
        s->symbols->lpVtbl->GetModuleParameters(s->symbols, 1, NULL, i, &p);
        hr_names = s->symbols->lpVtbl->GetModuleNames(s->symbols, i, 0, image, sizeof(image), &a, module, sizeof(module), &b, full, sizeof(full), &c);
        fprintf(out, "@m\t%lu\t%08lx\t%llx\t%lx\t%lx\t%lx\t%lx\t%08lx\t%s\t%s\n", i, hr_base, (u64)base, p.Size, p.TimeDateStamp, p.Checksum, p.Flags, hr_names, module, image);
    }
}

/* ---- one job */
static void run_commands(Session *s, char *commands)
{
    char *command, *next;
    for (command = commands; command && *command; command = next) {
        HRESULT hr;
        next = strchr(command, '\x1f');
        if (next) *next++ = 0;
        fprintf(out, "@@ %s\n", command);
        fflush(out);
        hr = s->control->lpVtbl->Execute(s->control, DEBUG_OUTCTL_THIS_CLIENT, command, DEBUG_EXECUTE_DEFAULT);
        fprintf(out, "@@ rc=%08lx\n", hr);
        fflush(out);
    }
}

static void each_number(Session *s, char *list, void (*ask)(Session *, u64))
{
    char *item, *next;
    for (item = list; item && *item; item = next) {
        next = strchr(item, ',');
        if (next) *next++ = 0;
        ask(s, strtoull(item, NULL, 16));
    }
}

static void ask_open(Session *s)
{
    ULONG class = 0, qualifier = 0, flags = 0;
    HRESULT hr = s->control->lpVtbl->GetDebuggeeType(s->control, &class, &qualifier);
    fprintf(out, "@@ GetDebuggeeType hr=%08lx class=%lu qualifier=%lu\n", hr, class, qualifier);
    hr = s->control->lpVtbl->GetDumpFormatFlags(s->control, &flags);
    fprintf(out, "@@ GetDumpFormatFlags hr=%08lx flags=%08lx\n", hr, flags);
}

static void run_job(HRESULT (WINAPI *create)(REFIID, void **), char **field)
{
    static WCHAR path[4096];
    const char *what = field[2];
    Session s;
    HRESULT hr;
    memset(&s, 0, sizeof(s));
    dml = strchr(what, 'd') != NULL;
    unicode = dml || strchr(what, 'w') != NULL;
    muted = strchr(what, 'b') == NULL;
    hr = create(&IID_IDebugClient4, (void **)&s.client);
    if (FAILED(hr)) { fprintf(out, "@@ DebugCreate hr=%08lx\n", hr); return; }
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_IDebugControl3, (void **)&s.control);
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_IDebugDataSpaces3, (void **)&s.data);
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_IDebugSystemObjects2, (void **)&s.objects);
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_IDebugSymbols2, (void **)&s.symbols);
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_Advanced2, (void **)&s.advanced);
    IUnknown_QueryInterface((IUnknown *)s.client, &IID_Control4, (void **)&s.control4);
    s.client->lpVtbl->SetOutputCallbacks(s.client, (void *)&callbacks);
    s.client->lpVtbl->SetOutputMask(s.client, 0xffffffff & ~0x200 /* symbol noise */ & ~0x10 /* prompts */);
    if (strcmp(field[0], "none")) {
        MultiByteToWideChar(CP_UTF8, 0, field[0], -1, path, 4096);
        hr = s.client->lpVtbl->OpenDumpFileWide(s.client, path, 0);
        fprintf(out, "@@ OpenDumpFile hr=%08lx\n", hr);
        fflush(out);
        if (SUCCEEDED(hr)) {
            hr = s.control->lpVtbl->WaitForEvent(s.control, 0, INFINITE);
            fprintf(out, "@@ WaitForEvent hr=%08lx\n", hr);
            fflush(out);
            muted = 0;
            if (strchr(what, 'f')) run_commands(&s, field[5]);
            ask_open(&s);
            if (strchr(what, 'h')) ask_handles(&s);
            if (strchr(what, 't')) ask_threads(&s);
            if (strchr(what, 'r')) ask_regions(&s);
            if (strchr(what, 'e')) ask_events(&s);
            if (strchr(what, 'm')) ask_modules(&s);
            each_number(&s, field[3], ask_address);
            each_number(&s, field[4], ask_handle_data);
            if (!strchr(what, 'f')) run_commands(&s, field[5]);
        }
    } else {
        muted = 0;
        run_commands(&s, field[5]);
    }
    if (strchr(what, 'x')) {
        fputs("@@ END\n", out);
        fclose(out);
        ExitProcess(0);
    }
    muted = 1;
    s.client->lpVtbl->EndSession(s.client, DEBUG_END_PASSIVE);
    s.client->lpVtbl->SetOutputCallbacks(s.client, NULL);
    if (s.control4) IUnknown_Release((IUnknown *)s.control4);
    if (s.advanced) IUnknown_Release((IUnknown *)s.advanced);
    IUnknown_Release((IUnknown *)s.symbols);
    IUnknown_Release((IUnknown *)s.objects);
    IUnknown_Release((IUnknown *)s.data);
    IUnknown_Release((IUnknown *)s.control);
    IUnknown_Release((IUnknown *)s.client);
}

int main(int argc, char **argv)
{
    static char line[1 << 20];
    HRESULT (WINAPI *create)(REFIID, void **);
    HMODULE engine = LoadLibraryA("dbgeng.dll");
    FILE *jobs = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!engine || !jobs) ExitProcess(2);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    create = (void *)GetProcAddress(engine, "DebugCreate");
    while (fgets(line, sizeof(line), jobs)) {
        char *field[6] = { "", "", "", "", "", "" }, *at = line;
        WCHAR wide[4096];
        int i;
        line[strcspn(line, "\r\n")] = 0;
        if (!line[0]) continue;
        for (i = 0; i < 6 && at; i++) {
            field[i] = at;
            at = strchr(at, '\t');
            if (at) *at++ = 0;
        }
        MultiByteToWideChar(CP_UTF8, 0, field[1], -1, wide, 4096);
        out = _wfopen(wide, L"wb");
        if (!out) ExitProcess(3);
        setvbuf(out, NULL, _IOFBF, 65536);
        run_job(create, field);
        fputs("@@ END\n", out);
        fclose(out);
    }
    ExitProcess(0);
}
