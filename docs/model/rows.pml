/*
 * The way down: what a card is becomes a numbered row, and the kiosk's copy ends up as the edge's rows.
 *
 * Every d_step is one durable transaction or one message; between any two of them anything else may
 * happen. Whatever was pushed may arrive at any time, any number of times, or never; a pull is a stream in
 * order that may be cut anywhere. After `calm` nothing goes wrong any more and no push arrives, so that
 * what is left to rely on is the announcement and the pull. README.md says which code each part stands
 * for, and what each BUG_ switch breaks.
 */

#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#ifndef AHEAD
#define AHEAD 3               /* lines of a pull that are under way at once: 3 hold a whole one */
#endif

#define CARDS 2
#define END CARDS             /* the last line of a pull, in the place of a card */
#define NONE 0
#define FIRST_EPOCH 1
#define PUSHES (CHANGES + CARDS * RESTORES)
#if PUSHES > 7
#error "CHANGES and RESTORES: take CHANGES + 2 * RESTORES up to 7"
#endif

mtype = { idle, everything, pulling, staging, staged_all };

/* `what` is the number of the change that made the card what it is: two changes are never alike. */
typedef Row {
    byte revision;
    byte what
};

/* ---- the edge: its database, and a backup of it ---- */

typedef Database {
    Row row[CARDS];           /* as published */
    byte what[CARDS];         /* as the cards are */
    bool queued[CARDS];
    byte revision
};

Database edge;
Database backup;
byte epoch = FIRST_EPOCH;
byte restores;
byte changes;
byte revoking;                /* bit n: change n was a revocation */
byte numbered[CARDS];         /* only in BUG_NUMBERED_BEFORE_WRITTEN */

/* ---- the network ---- */

typedef Push {
    byte epoch;
    byte after;
    byte upto;
    Row row[CARDS]            /* revision 0: not in this push; no row at all is an announcement */
};

Push push[PUSHES];
byte pushes;

/* ---- the kiosk's replica file ---- */

typedef Copy {
    Row row[CARDS];
    byte epoch;
    byte cursor
};

Copy live;
Copy staged;
#ifdef POWER_CUTS
Copy synced_live;
Copy synced_staged;
#endif

/* ---- one pull: what the kiosk and the web process remember of it ---- */

mtype mode = idle;
byte head;                    /* up to which revision the pull goes, as its first line said */
byte at;                      /* up to which revision the web process has read */
bool ended;
chan line = [AHEAD] of { byte, byte, byte };   /* card or END, revision, what */
byte card;
Row got;

bool shut[CARDS];             /* this kiosk knew the card as revoked; nobody reads this but the checks */
bool calm;

/* ---- what must hold ---- */

#define revoked(what) ((revoking >> (what)) & 1)
#define same_row(a, b) (a.revision == b.revision && a.what == b.what)
#define up_to_date(c) same_row(live.row[c], edge.row[c])
/* The cursor never says "whole up to r" while a row up to r is missing or older. */
#define whole(c) (edge.row[c].revision > live.cursor || up_to_date(c))
#define from_the_edge(c) (live.row[c].revision < edge.row[c].revision || up_to_date(c))
#define stays_shut(c) (!shut[c] || revoked(live.row[c].what))
#define true_of(c) (whole(c) && from_the_edge(c) && stays_shut(c))
#define copy_is_true (live.epoch != epoch || (true_of(0) && true_of(1)))

#define published(c) (!edge.queued[c] && edge.row[c].what == edge.what[c])
#define in_step (live.epoch == epoch && up_to_date(0) && up_to_date(1) && published(0) && published(1))

ltl copy_follows { <> [] (!calm || in_step) }

/* ---- back office: cards change, and a revoked card stays revoked ---- */

inline change(c) {
    d_step {
        changes < CHANGES && !revoked(edge.what[c]) ->
        changes++;
        edge.what[c] = changes;
        edge.queued[c] = true;
        printf("back office: card %d changes (change %d)\n", c, changes)
    }
}

inline revoke(c) {
    d_step {
        changes < CHANGES && !revoked(edge.what[c]) ->
        changes++;
        edge.what[c] = changes;
        edge.queued[c] = true;
        revoking = revoking | (1 << changes);
        printf("back office: card %d is revoked (change %d)\n", c, changes)
    }
}

proctype BackOffice() {
end: do
    :: change(0) :: change(1)
    :: revoke(0) :: revoke(1)
    od
}

/* ---- edge worker: the one that holds the lease ---- */

inline publish_card(c) {
    edge.revision++;
    edge.row[c].revision = edge.revision;
    edge.row[c].what = edge.what[c];
    edge.queued[c] = false
}

inline put_in_push(c) {
    push[pushes].row[c].revision = edge.row[c].revision;
    push[pushes].row[c].what = edge.row[c].what
}

inline begin_push() {
    assert(pushes < PUSHES);
    push[pushes].epoch = epoch;
    push[pushes].after = edge.revision
}

inline end_push() {
    push[pushes].upto = edge.revision;
    printf("worker: publishes revisions %d to %d\n", push[pushes].after + 1, edge.revision);
    pushes++
}

/* Whatever is queued, revocations first. A kill before the sending is a push that never arrives. */
inline publish_all() {
    d_step {
        edge.queued[0] || edge.queued[1] ->
        begin_push();
        if
        :: edge.queued[1] && revoked(edge.what[1]) -> publish_card(1); put_in_push(1)
        :: else
        fi;
        if
        :: edge.queued[0] -> publish_card(0); put_in_push(0)
        :: else
        fi;
        if
        :: edge.queued[1] -> publish_card(1); put_in_push(1)
        :: else
        fi;
        end_push()
    }
}

/* More than is worth pushing: published piece by piece, and announced. */
inline publish_piece(c) {
    d_step {
        edge.queued[0] && edge.queued[1] ->
        begin_push();
        publish_card(c);
        end_push()
    }
}

inline number(c) {
    d_step {
        edge.queued[c] && numbered[c] == 0 ->
        edge.revision++;
        numbered[c] = edge.revision;
        printf("worker: gives card %d revision %d\n", c, edge.revision)
    }
}

inline write_numbered(c) {
    d_step {
        numbered[c] != 0 ->
        edge.row[c].revision = numbered[c];
        edge.row[c].what = edge.what[c];
        edge.queued[c] = false;
        numbered[c] = 0;
        printf("worker: writes card %d\n", c)
    }
}

proctype Worker() {
end: do
#ifdef BUG_NUMBERED_BEFORE_WRITTEN
    :: number(0) :: number(1)
    :: write_numbered(0) :: write_numbered(1)
#else
    :: publish_all()
    :: publish_piece(0) :: publish_piece(1)
#endif
    od
}

/* ---- agent: pushes ---- */

#ifdef BUG_OLDER_ROW_APPLIES
#define newer(fresh, copy, c) true
#else
#define newer(fresh, copy, c) (fresh.revision > copy.row[c].revision)
#endif

inline upsert(copy, c, new) {
    if
    :: newer(new, copy, c) -> copy.row[c].revision = new.revision; copy.row[c].what = new.what
    :: else
    fi
}

inline move(copy, to) {
    if
    :: (to) > copy.cursor -> copy.cursor = to
    :: else
    fi
}

/* For the checks: what this kiosk has known as revoked since it came to this database. */
inline note_shut() {
    byte noted;
    for (noted : 0 .. CARDS - 1) {
        if
        :: live.epoch == epoch && revoked(live.row[noted].what) -> shut[noted] = true
        :: else
        fi
    }
    noted = 0
}

#ifdef BUG_PUSH_OF_ANOTHER_EPOCH
#define of_this_epoch(p) (live.epoch != NONE)
#else
#define of_this_epoch(p) (push[p].epoch == live.epoch)
#endif
#ifdef BUG_PUSH_MOVES_CURSOR_PAST_GAP
#define continues(p) true
#else
#define continues(p) (push[p].after <= live.cursor)
#endif
#ifdef BUG_ANNOUNCEMENT_MOVES_CURSOR
#define complete(p) true
#else
#define complete(p) (push[p].row[0].revision != 0 || push[p].row[1].revision != 0)
#endif

inline apply_push_row(p, c) {
    if
    :: push[p].row[c].revision != 0 -> upsert(live, c, push[p].row[c])
    :: else
    fi
}

inline arrive(p) {
    d_step {
        !calm && p < pushes && of_this_epoch(p) ->
        apply_push_row(p, 0);
        apply_push_row(p, 1);
        if
        :: continues(p) && complete(p) -> move(live, push[p].upto)
        :: else
        fi;
        note_shut();
        printf("kiosk: a push arrives, revisions %d to %d of epoch %d; cursor %d\n",
            push[p].after + 1, push[p].upto, push[p].epoch, live.cursor)
    }
}

proctype Pushes() {
end: do
    :: arrive(0)
#if PUSHES > 1
    :: arrive(1)
#endif
#if PUSHES > 2
    :: arrive(2)
#endif
#if PUSHES > 3
    :: arrive(3)
#endif
#if PUSHES > 4
    :: arrive(4)
#endif
#if PUSHES > 5
    :: arrive(5)
#endif
#if PUSHES > 6
    :: arrive(6)
#endif
    od
}

/* ---- agent: pulls ---- */

/* At a connection, at a start, or told of more by a push or by the announcement of every half minute. */
#define may_pull (!calm || live.epoch != epoch || live.cursor < edge.revision)
#define goes_on(copy) (copy.epoch == epoch && copy.cursor <= edge.revision)

inline begin_pull(how, after) {
    mode = how;
    head = edge.revision;
    at = after;
    ended = false
}

inline end_pull() {
    mode = idle;
    head = 0;
    at = 0;
    ended = false;
    do
    :: len(line) > 0 -> line ? card, got.revision, got.what
    :: else -> break
    od;
    card = 0;
    got.revision = 0;
    got.what = 0
}

inline clear_rows(copy) {
    copy.row[0].revision = 0;
    copy.row[0].what = 0;
    copy.row[1].revision = 0;
    copy.row[1].what = 0
}

inline begin_staging() {
#ifndef BUG_STAGING_KEPT
    clear_rows(staged);
#endif
    staged.epoch = epoch;
    staged.cursor = 0;
    begin_pull(staging, 0)
}

inline cursor_at_head() {
#ifdef BUG_CURSOR_MOVES_AT_HEAD
    move(live, head)
#else
    skip
#endif
}

inline ask() {
    d_step {
        mode == idle && may_pull ->
        if
        :: live.epoch != NONE && goes_on(live) ->
            begin_pull(pulling, live.cursor);
            cursor_at_head();
            printf("kiosk: pulls after %d, up to %d\n", at, head)
        :: else -> mode = everything
        fi
    }
}

inline ask_for_everything() {
    d_step {
        mode == everything ->
#ifdef BUG_FULL_PULL_OVER_LIVE_ROWS
        live.epoch = epoch;
        live.cursor = 0;
        begin_pull(pulling, 0);
        printf("kiosk: pulls everything of epoch %d over its rows, up to %d\n", epoch, head)
#else
        if
        :: staged.epoch != NONE && goes_on(staged) -> begin_pull(staging, staged.cursor)
        :: else -> begin_staging()
        fi;
        printf("kiosk: pulls everything of epoch %d after %d, up to %d\n", epoch, at, head)
#endif
    }
}

inline copy_rows(to, from) {
    byte each;
    for (each : 0 .. CARDS - 1) {
        to.row[each].revision = from.row[each].revision;
        to.row[each].what = from.row[each].what
    }
    each = 0
}

inline copy_all(to, from) {
    copy_rows(to, from);
    to.epoch = from.epoch;
    to.cursor = from.cursor
}

inline swap() {
    d_step {
        mode == staged_all ->
        copy_all(live, staged);
        clear_rows(staged);
        staged.epoch = NONE;
        staged.cursor = 0;
        end_pull();
        note_shut();
        printf("kiosk: puts what it pulled in place, epoch %d, cursor %d\n", live.epoch, live.cursor)
    }
}

/* Lines are taken one by one here; the code takes 500 rows to a transaction, or what came before a cut. */
inline take_line() {
    d_step {
        len(line) > 0 ->
        line ? card, got.revision, got.what;
        if
        :: card == END -> printf("kiosk: the pull ends at %d\n", got.revision)
        :: else -> printf("kiosk: pulls card %d, revision %d\n", card, got.revision)
        fi;
        if
        :: mode == pulling && card != END -> upsert(live, card, got); move(live, got.revision)
        :: mode == pulling && card == END -> move(live, got.revision); end_pull()
        :: mode == staging && card != END -> upsert(staged, card, got); staged.cursor = got.revision
        :: mode == staging && card == END -> staged.cursor = got.revision; mode = staged_all
        fi;
        card = 0;
        got.revision = 0;
        got.what = 0;
        note_shut()
    }
}

/* A kill of the agent, of the web process, or of the connection between them. */
inline cut() {
    d_step {
        !calm && mode != idle ->
        printf("the pull is cut\n");
#ifdef BUG_CUT_PULL_COUNTS
        if
        :: mode == pulling -> move(live, head)
        :: else
        fi;
#endif
        end_pull();
        note_shut()
    }
}

proctype Sync() {
end: do
    :: ask()
    :: ask_for_everything()
    :: take_line()
    :: swap()
    :: cut()
    od
}

/* ---- edge web: the rows after a cursor, read piece by piece, each as the database is then ---- */

#ifdef BUG_END_READ_LATE
#define last_revision edge.revision
#else
#define last_revision head
#endif

#define waits_to_be_read(c) (edge.row[c].revision > at && edge.row[c].revision <= head)

inline read_row(c) {
    line ! c, edge.row[c].revision, edge.row[c].what;
    at = edge.row[c].revision
}

inline read_line() {
    d_step {
        (mode == pulling || mode == staging) && !ended && len(line) < AHEAD ->
        if
        :: waits_to_be_read(0) && (!waits_to_be_read(1) || edge.row[0].revision < edge.row[1].revision) ->
            read_row(0)
        :: waits_to_be_read(1) && (!waits_to_be_read(0) || edge.row[1].revision < edge.row[0].revision) ->
            read_row(1)
        :: else -> line ! END, last_revision, 0; ended = true
        fi
    }
}

proctype Web() {
end: do
    :: read_line()
    od
}

/* ---- what goes wrong ---- */

inline copy_database(to, from) {
    byte which;
    copy_rows(to, from);
    for (which : 0 .. CARDS - 1) {
        to.what[which] = from.what[which];
        to.queued[which] = from.queued[which]
    }
    which = 0;
    to.revision = from.revision
}

/* What is never restored any more is one and the same to the checks. */
inline forget_backup() {
    clear_rows(backup);
    backup.what[0] = 0;
    backup.what[1] = 0;
    backup.queued[0] = false;
    backup.queued[1] = false;
    backup.revision = 0
}

inline back_up() {
    d_step {
        !calm && restores < RESTORES ->
        copy_database(backup, edge);
        printf("edge: backed up at revision %d\n", edge.revision)
    }
}

inline restore() {
    d_step {
        !calm && restores < RESTORES ->
        copy_database(edge, backup);
        restores++;
        shut[0] = false;
        shut[1] = false;
        numbered[0] = 0;
        numbered[1] = 0;
        if
        :: restores == RESTORES -> forget_backup()
        :: else
        fi;
#ifndef BUG_NO_EPOCH
        epoch++;
#endif
        printf("edge: restored at revision %d, epoch %d\n", edge.revision, epoch)
    }
}

/* The replica's file is not synced at each commit: what a power cut leaves is whole, and older. */
inline sync_file() {
    d_step { !calm -> copy_all(synced_live, live); copy_all(synced_staged, staged) }
}

inline power_cut() {
    d_step {
        !calm ->
        copy_all(live, synced_live);
        copy_all(staged, synced_staged);
        end_pull();
        shut[0] = false;
        shut[1] = false;
        note_shut();
        printf("kiosk: power cut, epoch %d, cursor %d\n", live.epoch, live.cursor)
    }
}

proctype Faults() {
end: do
    :: back_up()
    :: restore()
#ifdef POWER_CUTS
    :: sync_file()
    :: power_cut()
#endif
    :: d_step { !calm -> calm = true; printf("nothing goes wrong any more\n") }
    od
}

#ifndef EVENTUALLY
proctype Promises() {
end: do
    :: !copy_is_true -> printf("BROKEN: the copy is not what its cursor says\n"); assert(false)
    :: timeout && in_step -> break
    :: timeout && !in_step -> printf("BROKEN: the copy never became the edge's rows\n"); assert(false)
    od
}
#endif

/* The cards were made, and the kiosk has pulled nothing yet. */
inline make_cards() {
    byte made;
    for (made : 0 .. CARDS - 1) {
        edge.revision++;
        edge.row[made].revision = edge.revision
    }
    made = 0
}

init {
    atomic {
        make_cards();
        copy_database(backup, edge);
        run BackOffice();
        run Worker();
        run Pushes();
        run Sync();
        run Web();
        run Faults();
#ifndef EVENTUALLY
        run Promises()
#endif
    }
}
