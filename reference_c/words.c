/* Words of the command line: which flag they are, and the numbers that they start with. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "flags.h"

/* ---- matching ---- */

/* One entry of a row's words: `=whole`, `fragment` or `fragment(ending)`. */
typedef struct {
    const char *fragment, *ending;
    int fragment_size, ending_size;
    bool whole;
} Entry;

/* Take the entry at `*at` and move on; false at the end. */
static bool next_entry(const char **at, Entry *entry)
{
    *at += strspn(*at, " ");
    if (**at == '\0')
        return false;
    entry->whole = **at == '=';
    entry->fragment = *at + entry->whole;
    entry->fragment_size = (int)strcspn(entry->fragment, " (");
    entry->ending = entry->fragment + entry->fragment_size;
    entry->ending_size = *entry->ending == '(' ? (int)strcspn(++entry->ending, ")") : 0;
    *at = entry->ending + strcspn(entry->ending, " ");
    return true;
}

/* The letters of the whole name. */
static void write_name(const Entry *entry, char *name, size_t size)
{
    int room = (int)size - 1;
    int start = entry->fragment_size < room ? entry->fragment_size : room;
    int end = entry->ending_size < room - start ? entry->ending_size : room - start;
    memcpy(name, entry->fragment, (size_t)start);
    memcpy(name + start, entry->ending, (size_t)end);
    name[start + end] = '\0';
}

enum { LONGEST_NAME = 64 };

static bool is_named(const Entry *entry, const char *word)
{
    char name[LONGEST_NAME];
    write_name(entry, name, sizeof name);
    return strcmp(name, word) == 0;
}

static bool contains(const char *word, const char *fragment, int size)
{
    for (; *word != '\0'; ++word)
        if (strncmp(word, fragment, (size_t)size) == 0)
            return true;
    return false;
}

bool is_name_of(const Flag *row, const char *word)
{
    const char *at = row->words;
    for (Entry entry; next_entry(&at, &entry);)
        if (is_named(&entry, word))
            return true;
    return false;
}

bool row_matches(const Flag *row, const char *word, bool whole_words)
{
    if (whole_words || row->own)
        return is_name_of(row, word);
    const char *at = row->words;
    for (Entry entry; next_entry(&at, &entry);)
        if (entry.whole ? is_named(&entry, word) : contains(word, entry.fragment, entry.fragment_size))
            return true;
    return false;
}

bool is_name(const char *word)
{
    for (int i = 0; i < flag_table_size; ++i)
        if (is_name_of(&flag_table[i], word))
            return true;
    return false;
}

/* ---- the nearest name ---- */

static bool same_letter(char u, char v)
{
    return tolower((unsigned char)u) == tolower((unsigned char)v);
}

/* How many letters must be changed, added or removed to make one word the other, whatever their case. */
static int edit_distance(const char *u, const char *v)
{
    int row[LONGEST_NAME + 1];
    int size = (int)strlen(v);
    for (int j = 0; j <= size; ++j)
        row[j] = j;
    for (int i = 1; u[i - 1] != '\0'; ++i) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= size; ++j) {
            int best = diagonal + !same_letter(u[i - 1], v[j - 1]);
            diagonal = row[j];
            best = diagonal + 1 < best ? diagonal + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[size];
}

/* Names that begin with the word come first. */
static int unlikeness(const char *word, const char *name)
{
    return strncmp(word, name, strlen(word)) == 0 ? -1 : edit_distance(word, name);
}

const char *nearest_name(const char *word)
{
    static char nearest[LONGEST_NAME];
    int least = INT_MAX;
    for (int i = 0; i < flag_table_size; ++i) {
        const char *at = flag_table[i].words;
        for (Entry entry; next_entry(&at, &entry);) {
            char name[LONGEST_NAME];
            write_name(&entry, name, sizeof name);
            int unlike = unlikeness(word, name);
            if (unlike < least) {
                least = unlike;
                strcpy(nearest, name);
            }
        }
    }
    return nearest;
}

/* ---- numbers ---- */

double number_at(const Following *f, int i)
{
    const char *word = f->words[i];
    char *end;
    double value = strtod(word, &end);
    if (end == word)
        value = 0.0;
    if (f->meant && (end == word || *end != '\0'))
        object("%s needs a number, not '%s'; it is read as %g", f->flag, word, value);
    else if (f->meant && !isfinite(value))
        object("%s needs a finite number, not '%s'", f->flag, word);
    return value;
}

int integer_at(const Following *f, int i)
{
    const char *word = f->words[i];
    char *end;
    long value = strtol(word, &end, 10);
    int wrapped = (int)(unsigned)(unsigned long)value; /* what a conversion to 32 bits keeps, as atoi does it */
    if (f->meant && (end == word || *end != '\0' || wrapped != value))
        object("%s needs an integer, not '%s'; it is read as %d", f->flag, word, wrapped);
    return wrapped;
}
