#include "config.h"

#include "common/base/resident.h"

#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Advice: what cannot be followed does no harm. */
static int
drop(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = *(const uintptr_t *)arg;

	(void)size;
	if (strncmp(info->dlpi_name, "linux-", 6) == 0)
		return 0; /* the kernel's own */
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t begin = (info->dlpi_addr + part->p_vaddr) & ~(page - 1);
		uintptr_t end =
		    (info->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) & ~(page - 1);

		if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0)
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 0;
}

void
resident_drop_files(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	dl_iterate_phdr(drop, &page);
}
