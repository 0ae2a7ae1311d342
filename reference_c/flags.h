/* The table of flags: which words each row matches, and what it sets. Several rows may match one word; each acts. */
#ifndef FLAGS_H
#define FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

typedef enum {
    NUMBER,   /* doubles = value / unit */
    INTEGER,  /* ints */
    SEED,     /* long = minus the value */
    TEXT,     /* const char * */
    CONSTANT, /* int = the row's constant; takes no value */
    NOTHING,  /* takes its words and does nothing */
    SPECIAL   /* a function reads it */
} FlagKind;

/* A word that a row matches, and what follows it on the command line. */
typedef struct {
    const char *flag;
    int count;
    char **words;
    bool meant; /* the word is this row's own name, or nobody's: values that are not what they should be are said */
} Following;

/* Reads a row's values and returns how many words they are. */
typedef int FlagReader(Options *options, const Following *following);

typedef struct {
    const char *words; /* what it matches, see row_matches */
    int needs;         /* words that must follow for it to act */
    FlagKind kind;
    int values;       /* consecutive fields, a word each */
    int field_count;  /* fields that one value fills */
    size_t fields[3]; /* their places in Options */
    double unit;      /* NUMBER: the value is divided by it */
    int constant;     /* CONSTANT: what is set */
    bool sets_also;
    size_t also; /* an int that is set besides, */
    int also_to; /* to this */
    Pivot pivot; /* the pivot it selects as a side effect */
    bool custom; /* it switches the convention to CUSTOM */
    bool ends;   /* no later row is looked at once it has acted */
    bool own;    /* beyond the reference: whole words, values that must be right */
    FlagReader *reader;
} Flag;

extern const Flag flag_table[];
extern const int flag_table_size;

/* Whether the row matches the word. `words` holds, with blanks between: fragments that a word contains (the ending
 * that makes one a name stands in parentheses), and, after a `=`, words that must be the whole word. With
 * `whole_words` every one of them must be the whole word. */
bool row_matches(const Flag *row, const char *word, bool whole_words);

/* Whether the word is one of the row's names. */
bool is_name_of(const Flag *row, const char *word);

/* Whether the word is the name of a flag. */
bool is_name(const char *word);

/* The name of a flag that is most like the word, in a static buffer. */
const char *nearest_name(const char *word);

/* The number at the start of following word i as atof reads it, 0 without one; said, or refused, where it is not the
 * whole word. */
double number_at(const Following *following, int i);

/* Likewise an integer as atoi reads it. */
int integer_at(const Following *following, int i);

/* Set what one row says; returns the words that it took. */
int apply_row(Options *options, const Flag *row, const Following *following);

#endif
