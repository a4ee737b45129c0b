/* The floor: what sd-journal itself takes for MESSAGE of every entry of one unit. */
#include <stdio.h>
#include <systemd/sd-journal.h>

int main(int argc, char **argv) {
        sd_journal *j;
        const void *data;
        size_t length, bytes = 0, entries = 0;
        if (argc < 3 || sd_journal_open_directory(&j, argv[1], 0) < 0 || sd_journal_add_match(j, argv[2], 0) < 0)
                return 1;
        SD_JOURNAL_FOREACH(j) {
                if (sd_journal_get_data(j, "MESSAGE", &data, &length) >= 0)
                        bytes += length;
                entries++;
        }
        printf("%zu %zu\n", entries, bytes);
        sd_journal_close(j);
        return 0;
}
