/* Reading files. */
#ifndef BF_FILES_H
#define BF_FILES_H

/* The whole file with zeros behind it, from malloc; NULL if it is empty or cannot be read. */
void *bf_read_whole_file(const char *path);

#endif
