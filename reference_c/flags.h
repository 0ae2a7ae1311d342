/* The table of flags: what each sets. A flag may have several rows; all of them apply. */
#ifndef FLAGS_H
#define FLAGS_H

#include <stddef.h>

#include "options.h"

typedef enum {
    NUMBER,   /* double = value / unit */
    INTEGER,  /* int */
    SEED,     /* long = minus the value */
    TEXT,     /* const char * */
    CONSTANT, /* int = the row's constant; takes no value */
    VECTOR,   /* double[3] */
    IGNORED,  /* takes `values` words and does nothing */
    SPECIAL   /* a function reads it */
} FlagKind;

/* Reads a flag's own values from `words` (of `count` left on the line) and returns how many it took. */
typedef int FlagReader(Options *options, const char *flag, int count, char **words);

typedef struct {
    const char *name; /* a trailing * matches any ending */
    FlagKind kind;
    size_t offset;        /* of the field in Options */
    double unit;          /* NUMBER */
    int constant;         /* CONSTANT: the value set; IGNORED: the words taken */
    Pivot pivot;          /* the pivot it selects as a side effect */
    int custom;           /* it switches the convention to CUSTOM */
    int substring_defect; /* the row applies only with the flag-substrings defect */
    FlagReader *reader;   /* SPECIAL */
} Flag;

extern const Flag flag_table[];
extern const int flag_table_size;

/* The number `word` says, or the end of the program naming the flag. */
double flag_number(const char *flag, const char *word);

/* Likewise an integer between `low` and `high`. */
long flag_integer(const char *flag, const char *word, long low, long high);

/* End the program because `flag` has too few words after it. */
_Noreturn void fail_lacking(const char *flag, const char *needs);

/* Whether the word is the name of a flag. */
int is_flag(const char *word);

#endif
