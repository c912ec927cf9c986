// SPDX-License-Identifier: Apache-2.0
// One agent for every distribution since RHEL 8 (glibc 2.28): what a newer glibc renamed, moved or added is taken by its
// old name or made here. All of it is hidden: it serves this program and no library that it loads.
//
// A function that only moved into libc.so (2.34) has a newer version there beside the one of old; the old one is asked
// for, and libpthread.so.0 and libdl.so.2, which are empty now, are named as needed for the systems on which they are not.
// tests/agent/portable.test.sh holds the program to GLIBC_2.28.
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

#if defined(__x86_64__)
#define OLDEST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLDEST "GLIBC_2.17"
#else
#error "which version did glibc begin with here? (its symbol versions tell: objdump -T libc.so.6)"
#endif

#define HIDDEN __attribute__((visibility("hidden")))

// This program's function of that name, which calls glibc's by the version of old. (The names of C++ differ, for the
// headers have declared those of C.)
#define OF_OLD(version, type, name, parameters, arguments)   \
  __asm__(".symver old_" #name ", " #name "@" version);      \
  type old_##name parameters;                                \
  HIDDEN type our_##name parameters __asm__(#name);          \
  type our_##name parameters { return old_##name arguments; }

extern "C" {

using Start = void* (*)(void*);

OF_OLD(OLDEST, int, pthread_create, (pthread_t * thread, const pthread_attr_t* attributes, Start start, void* argument), (thread, attributes, start, argument))
OF_OLD(OLDEST, int, pthread_join, (pthread_t thread, void** result), (thread, result))
OF_OLD(OLDEST, int, pthread_detach, (pthread_t thread), (thread))
OF_OLD(OLDEST, int, pthread_once, (pthread_once_t * once, void (*routine)()), (once, routine))
OF_OLD(OLDEST, int, pthread_key_create, (pthread_key_t * key, void (*destroy)(void*)), (key, destroy))
OF_OLD(OLDEST, int, __pthread_key_create, (pthread_key_t * key, void (*destroy)(void*)), (key, destroy))
OF_OLD(OLDEST, int, pthread_key_delete, (pthread_key_t key), (key))
OF_OLD(OLDEST, void*, pthread_getspecific, (pthread_key_t key), (key))
OF_OLD(OLDEST, int, pthread_setspecific, (pthread_key_t key, const void* value), (key, value))
OF_OLD(OLDEST, int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
OF_OLD(OLDEST, int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
OF_OLD(OLDEST, int, pthread_rwlock_unlock, (pthread_rwlock_t * lock), (lock))
OF_OLD(OLDEST, int, pthread_attr_setstacksize, (pthread_attr_t * attributes, size_t bytes), (attributes, bytes))
OF_OLD("GLIBC_2.18", int, pthread_setattr_default_np, (const pthread_attr_t* attributes), (attributes))
OF_OLD(OLDEST, int, pthread_sigmask, (int how, const sigset_t* set, sigset_t* before), (how, set, before))
OF_OLD(OLDEST, void*, dlopen, (const char* name, int flags), (name, flags))
OF_OLD(OLDEST, void*, dlsym, (void* library, const char* name), (library, name))
OF_OLD(OLDEST, int, dlclose, (void* library), (library))

// glibc 2.30. A condition variable of the C++ library waits by the wall clock where it is not told otherwise.
HIDDEN int our_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) __asm__("pthread_cond_clockwait");
int our_pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  constexpr long kSecond = 1'000'000'000;
  timespec now{}, wall{};
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &wall);
  timespec end{wall.tv_sec + until->tv_sec - now.tv_sec, wall.tv_nsec + until->tv_nsec - now.tv_nsec};
  for (; end.tv_nsec < 0; end.tv_nsec += kSecond) --end.tv_sec;
  for (; end.tv_nsec >= kSecond; end.tv_nsec -= kSecond) ++end.tv_sec;
  return pthread_cond_timedwait(condition, mutex, &end);
}

// glibc 2.33 made these functions; before, they were inline calls of __xstat. The kernel's struct stat is glibc's here.
HIDDEN int our_fstatat(int folder, const char* path, struct stat* into, int flags) __asm__("fstatat");
int our_fstatat(int folder, const char* path, struct stat* into, int flags) {
  return static_cast<int>(syscall(SYS_newfstatat, folder, path, into, flags));
}
HIDDEN int our_stat(const char* path, struct stat* into) __asm__("stat");
int our_stat(const char* path, struct stat* into) { return our_fstatat(AT_FDCWD, path, into, 0); }
HIDDEN int our_lstat(const char* path, struct stat* into) __asm__("lstat");
int our_lstat(const char* path, struct stat* into) { return our_fstatat(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW); }
HIDDEN int our_fstat(int file, struct stat* into) __asm__("fstat");
int our_fstat(int file, struct stat* into) { return our_fstatat(file, "", into, AT_EMPTY_PATH); }
HIDDEN int our_fstat64(int file, struct stat64* into) __asm__("fstat64");
int our_fstat64(int file, struct stat64* into) { return static_cast<int>(syscall(SYS_newfstatat, file, "", into, AT_EMPTY_PATH)); }

// glibc 2.36; std::random_device asks for it.
HIDDEN std::uint32_t our_arc4random() __asm__("arc4random");
std::uint32_t our_arc4random() {
  std::uint32_t number = 0;
  while (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
  }
  return number;
}

// glibc 2.32: true would let shared pointers count without atomics. False is always right.
extern HIDDEN char our_single_threaded __asm__("__libc_single_threaded");
char our_single_threaded = 0;

#ifdef DLFO_STRUCT_HAS_EH_DBASE
namespace {
struct Wanted {
  ElfW(Addr) place;
  dl_find_object* into;
};

/// Whether the place lies in this module; then where its table of frames begins.
int look_into(dl_phdr_info* module, size_t, void* data) {
  const auto& wanted = *static_cast<Wanted*>(data);
  ElfW(Addr) frames = 0, first = ~ElfW(Addr){0}, last = 0;
  bool holds = false;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& segment = module->dlpi_phdr[i];
    const ElfW(Addr) begin = module->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_GNU_EH_FRAME) frames = begin;
    if (segment.p_type != PT_LOAD) continue;
    if (begin < first) first = begin;
    if (begin + segment.p_memsz > last) last = begin + segment.p_memsz;
    holds = holds || (begin <= wanted.place && wanted.place < begin + segment.p_memsz);
  }
  if (!holds || frames == 0) return 0;
  wanted.into->dlfo_map_start = reinterpret_cast<void*>(first);
  wanted.into->dlfo_map_end = reinterpret_cast<void*>(last);
  wanted.into->dlfo_eh_frame = reinterpret_cast<void*>(frames);
  return 1;
}
}  // namespace

// glibc 2.35; the compiler's unwinder finds tables of frames with it.
HIDDEN int our__dl_find_object(void* place, dl_find_object* into) __asm__("_dl_find_object");
int our__dl_find_object(void* place, dl_find_object* into) {
  Wanted wanted{reinterpret_cast<ElfW(Addr)>(place), into};
  *into = {};
  return dl_iterate_phdr(look_into, &wanted) == 1 ? 0 : -1;
}
#endif

// glibc 2.34 runs a program's constructors itself; the older entry runs what the start files hand it, which is nothing
// any more. (The entry of old is in newer ones, too, and runs what it is handed.)
using Constructor = void (*)(int, char**, char**);
using Main = int (*)(int, char**, char**);
extern HIDDEN Constructor __init_array_start[];
extern HIDDEN Constructor __init_array_end[];
HIDDEN void _init();

static void construct(int count, char** arguments, char** environment) {
  _init();
  for (Constructor* one = __init_array_start; one != __init_array_end; ++one) (*one)(count, arguments, environment);
}

__asm__(".symver old_start_main, __libc_start_main@" OLDEST);
int old_start_main(Main, int, char**, Constructor, void (*)(), void (*)(), void*);

HIDDEN int our___libc_start_main(Main main, int count, char** arguments, Constructor, void (*)(), void (*at_exit)(), void* stack_end) __asm__("__libc_start_main");
int our___libc_start_main(Main main, int count, char** arguments, Constructor, void (*)(), void (*at_exit)(), void* stack_end) {
  return old_start_main(main, count, arguments, construct, nullptr, at_exit, stack_end);
}

}  // extern "C"
