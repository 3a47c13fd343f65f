/*
 * The way up: a scan becomes an event on the kiosk's disk, and the edge counts it once.
 *
 * Every d_step is one durable transaction or one message; between any two of them anything else may
 * happen, a kill included. Until `calm` the network may lose, repeat, delay and reorder what it carries:
 * it is a set, from which whatever was sent may arrive at any time. After `calm` nothing goes wrong any
 * more. README.md says which code each part stands for, and what each BUG_ switch breaks.
 */

#ifndef EVENTS
#define EVENTS 2
#endif
#ifndef INGESTS
#define INGESTS 1
#endif
#ifndef RESTORES
#define RESTORES 1
#endif
#ifndef WIPES
#define WIPES 0
#endif
#if INGESTS != 1 && INGESTS != 2
#error "INGESTS: takes 1 or 2"
#endif

#define NONE 0
#define FIRST_EPOCH 1
#define EPOCHS (RESTORES + 2)
#define PLACES ((WIPES + 1) * EVENTS)
#define PLACE(e) (event[e].stream * EVENTS + event[e].seq)

#if EVENTS == 2
#define FOR_ANY_EVENT(act) :: act(0) :: act(1)
#elif EVENTS == 3
#define FOR_ANY_EVENT(act) :: act(0) :: act(1) :: act(2)
#else
#error "EVENTS: takes 2 or 3"
#endif
#if RESTORES == 0
#define FOR_ANY_EPOCH(act, e) :: act(e, 1)
#elif RESTORES == 1
#define FOR_ANY_EPOCH(act, e) :: act(e, 1) :: act(e, 2)
#elif RESTORES == 2
#define FOR_ANY_EPOCH(act, e) :: act(e, 1) :: act(e, 2) :: act(e, 3)
#else
#error "RESTORES: takes 0, 1 or 2"
#endif
#define FOR_ANY_ACK_0(act) FOR_ANY_EPOCH(act, 0)
#define FOR_ANY_ACK_1(act) FOR_ANY_ACK_0(act) FOR_ANY_EPOCH(act, 1)
#define FOR_ANY_ACK_2(act) FOR_ANY_ACK_1(act) FOR_ANY_EPOCH(act, 2)
#define FOR_ANY_ACK_3(act) FOR_ANY_ACK_2(act) FOR_ANY_EPOCH(act, 3)
#if PLACES == 2
#define FOR_ANY_ACK(act) FOR_ANY_ACK_1(act)
#elif PLACES == 3
#define FOR_ANY_ACK(act) FOR_ANY_ACK_2(act)
#elif PLACES == 4
#define FOR_ANY_ACK(act) FOR_ANY_ACK_3(act)
#else
#error "WIPES: takes 0, or with 2 events 1"
#endif

mtype = { absent, pending, acknowledged, forgotten };

/* ---- the kiosk's disk ---- */

typedef Event {
    mtype state = absent;
    byte stream;
    byte seq;
    bool shown;       /* the person saw that it was counted */
    bool sent;
    bool taken        /* some database of the edge has committed it; nobody reads this but the checks */
};

Event event[EVENTS];
byte stream;          /* which outbox file this is */
byte next_seq;        /* what AUTOINCREMENT remembers */
byte next;            /* the next event to happen */
byte outbox_epoch;    /* whose acknowledgements the outbox believes */
byte replica_epoch;   /* as the replica's file has it */
byte synced_epoch;    /* what a power cut would leave of it: that file is synced now and then */

/* ---- the kiosk's memory ---- */

byte answer;          /* epoch of a full pull that has come in and is not yet in its place */
bool requeue;         /* only in BUG_REQUEUE_IN_MEMORY */

/* ---- the network: what may still arrive ---- */

bool up[EVENTS];
bool ack[PLACES * EPOCHS];
#define ACK(place, epoch) ack[(place) * EPOCHS + (epoch)]

/* ---- the edge: its database, a backup of it, and what its ingest processes remember ---- */

typedef Database {
    byte holder[PLACES];   /* event + 1 stored under (stream, seq) */
    byte counted[EVENTS]
};

Database edge;
Database backup;
byte epoch = FIRST_EPOCH;
byte restores;

typedef Ingest {
    byte holds;       /* event + 1 between looking and committing */
    bool found
};

Ingest ingest[INGESTS];

bool calm;

/* ---- what must hold ---- */

#ifdef BUG_REQUEUE_IN_MEMORY
#define known_epoch replica_epoch
#else
#define known_epoch outbox_epoch
#endif

#define happened(e) (event[e].state != absent)
#define is_settled(e) (event[e].state == acknowledged || event[e].state == forgotten)
#define booked(e) (happened(e) && is_settled(e) && edge.counted[e] == 1)
#define acknowledged_is_taken(e) (!is_settled(e) || event[e].taken)
/* As long as kiosk and edge speak of the same database, what counts as acknowledged is in it. */
#define acknowledged_is_there(e) (!is_settled(e) || known_epoch != epoch || requeue || edge.counted[e] == 1)

#if EVENTS == 2
#define all_booked (booked(0) && booked(1))
#define acknowledged_are_true (acknowledged_is_taken(0) && acknowledged_is_taken(1) \
    && acknowledged_is_there(0) && acknowledged_is_there(1))
#else
#define all_booked (booked(0) && booked(1) && booked(2))
#define acknowledged_are_true (acknowledged_is_taken(0) && acknowledged_is_taken(1) \
    && acknowledged_is_taken(2) && acknowledged_is_there(0) && acknowledged_is_there(1) \
    && acknowledged_is_there(2))
#endif

ltl everything_is_booked { [] (calm -> <> all_booked) }

/* ---- scanner ---- */

inline renumber() {
    /* Without AUTOINCREMENT the next number is the highest in the table plus one. */
    byte other;
    next_seq = 0;
    for (other : 0 .. EVENTS - 1) {
        if
        :: other != next && (event[other].state == pending || event[other].state == acknowledged) &&
            event[other].seq >= next_seq -> next_seq = event[other].seq + 1
        :: else
        fi
    }
    other = 0
}

inline append_event(e) {
    event[e].state = pending;
    event[e].stream = stream;
#ifdef BUG_SEQ_RESTARTS
    renumber()
#endif
    event[e].seq = next_seq;
    next_seq++;
    next++
}

/* The screen comes after the commit: a kill in between takes the screen alone, and not the event. */
proctype Scanner() {
end: do
#ifdef BUG_SHOWN_BEFORE_STORED
    :: d_step { next < EVENTS && !event[next].shown ->
        event[next].shown = true;
        printf("scanner: shows event %d\n", next)
    }
    :: d_step { next < EVENTS && event[next].shown -> append_event(next) }
    :: d_step { !calm && next < EVENTS && event[next].shown -> next++; printf("the scanner is killed\n") }
#else
    :: d_step {
        next < EVENTS ->
        event[next].shown = true;
        append_event(next);
        printf("scanner: keeps event %d as number %d of stream %d, and shows it\n",
            next - 1, next_seq - 1, stream)
    }
#endif
    od
}

/* ---- agent: publisher and acknowledgements ---- */

#ifdef BUG_SENT_ONCE
#define may_send(e) (!event[e].sent)
#else
#define may_send(e) true
#endif

#if EPOCHS == 2
#define on_its_way_back(e) (ACK(PLACE(e), 1))
#elif EPOCHS == 3
#define on_its_way_back(e) (ACK(PLACE(e), 1) || ACK(PLACE(e), 2))
#else
#define on_its_way_back(e) (ACK(PLACE(e), 1) || ACK(PLACE(e), 2) || ACK(PLACE(e), 3))
#endif
#if INGESTS == 1
#define held(e) (ingest[0].holds == (e) + 1)
#else
#define held(e) (ingest[0].holds == (e) + 1 || ingest[1].holds == (e) + 1)
#endif

/* Sending again too early is the network repeating; here it is sent again when nothing of it is left. */
inline send(e) {
    d_step {
        event[e].state == pending && event[e].stream == stream && may_send(e) &&
        !up[e] && !on_its_way_back(e) && !held(e) ->
        up[e] = true;
#ifdef BUG_SENT_ONCE
        event[e].sent = true;
#endif
        printf("kiosk: sends event %d\n", e)
    }
}

#ifdef BUG_ACK_WITHOUT_EPOCH
#define believed(told) true
#else
#define believed(told) (known_epoch == NONE || known_epoch == (told))
#endif
#ifdef BUG_ACK_WITHOUT_STREAM
#define same_stream(place) true
#else
#define same_stream(place) ((place) / EVENTS == stream)
#endif

inline mark(place) {
    byte each;
    for (each : 0 .. EVENTS - 1) {
        if
        :: event[each].state == pending && event[each].stream == stream &&
            event[each].seq == (place) % EVENTS -> event[each].state = acknowledged
        :: else
        fi
    }
    each = 0
}

inline take_ack(place, told) {
    d_step {
        ACK(place, told) ->
        if
        :: calm -> ACK(place, told) = false
        :: else
        fi;
        if
        :: same_stream(place) && believed(told) -> mark(place)
        :: else
        fi;
        printf("kiosk: an ack of place %d arrives, epoch %d; its own is %d\n", place, told, known_epoch)
    }
}

/*
 * After a week: the backups that an edge may still be restored from are younger. And only once the edge
 * was asked whether it was restored: a kiosk that was switched off all the while cannot know.
 */
#ifdef BUG_FORGETS_AT_ONCE
#define old_enough(e) true
#else
#define old_enough(e) (restores == RESTORES || backup.counted[e] == 1)
#endif
#ifdef BUG_FORGETS_UNASKED
#define asked true
#else
#define asked (known_epoch == epoch && !requeue)
#endif

inline forget(e) {
    d_step {
        event[e].state == acknowledged && old_enough(e) && asked ->
        event[e].state = forgotten;
        printf("kiosk: forgets event %d\n", e)
    }
}

inline believe_puback(e) {
    d_step {
        event[e].state == pending && up[e] ->
        event[e].state = acknowledged;
        printf("kiosk: takes the broker's word for event %d\n", e)
    }
}

proctype Publisher() {
end: do
    FOR_ANY_EVENT(send)
    FOR_ANY_ACK(take_ack)
    FOR_ANY_EVENT(forget)
#ifdef BUG_ACK_ON_PUBACK
    FOR_ANY_EVENT(believe_puback)
#endif
    od
}

/* ---- agent: noticing that the edge has another database ---- */

inline send_all_again() {
    byte one;
    for (one : 0 .. EVENTS - 1) {
        if
        :: event[one].state == acknowledged ->
            event[one].state = pending;
            event[one].sent = false;
            printf("kiosk: event %d is to be sent again\n", one)
        :: else
        fi
    }
    one = 0
}

inline note_epoch() {
    outbox_epoch = answer;
    printf("kiosk: its outbox follows epoch %d\n", outbox_epoch)
}

inline put_in_place() {
    replica_epoch = answer;
    answer = NONE;
    printf("kiosk: its replica is of epoch %d\n", replica_epoch)
}

proctype Sync() {
end: do
    /* A full pull has come in: told of another epoch, at a connection, or at a start. */
    :: d_step {
        answer == NONE && replica_epoch != epoch ->
        answer = epoch;
        printf("kiosk: has pulled everything of epoch %d\n", answer)
    }
#if defined(BUG_REQUEUE_IN_MEMORY)
    :: d_step { answer != NONE -> requeue = true; put_in_place() }
    :: d_step { requeue -> send_all_again(); requeue = false }
#elif defined(BUG_FIRST_EPOCH_NOT_FOLLOWED)
    :: d_step {
        answer != NONE && outbox_epoch != answer ->
        if
        :: replica_epoch != NONE -> send_all_again()
        :: else
        fi;
        note_epoch()
    }
    :: d_step { answer != NONE && outbox_epoch == answer -> put_in_place() }
#else
    :: d_step { answer != NONE && outbox_epoch != answer -> send_all_again(); note_epoch() }
    :: d_step { answer != NONE && outbox_epoch == answer -> put_in_place() }
#endif
    :: d_step {
        !calm && (answer != NONE || requeue) ->
        answer = NONE;
        requeue = false;
        printf("the agent is killed\n")
    }
    :: d_step { !calm && synced_epoch != replica_epoch -> synced_epoch = replica_epoch }
    od
}

/* ---- edge: ingest ---- */

/* Look whether the event is stored, then store it: two steps that other ingest processes come between. */
inline look(i, e) {
    d_step {
        ingest[i].holds == 0 && up[e] ->
        ingest[i].holds = e + 1;
        ingest[i].found = (edge.holder[PLACE(e)] == e + 1);
#ifdef BUG_ACK_BEFORE_COMMIT
        ACK(PLACE(e), epoch) = true;
#endif
        if
        :: calm -> up[e] = false
        :: else
        fi;
        printf("ingest %d: looks for event %d\n", i, e)
    }
}

#ifdef BUG_NO_UNIQUE
#define refused_by_unique(i) false
#else
#define refused_by_unique(i) (edge.holder[PLACE(ingest[i].holds - 1)] != 0)
#endif

inline drop(i) {
    ingest[i].holds = 0;
    ingest[i].found = false
}

inline commit(i) {
    d_step {
        ingest[i].holds != 0 ->
        if
        :: ingest[i].found
        :: !ingest[i].found && refused_by_unique(i) ->
            /* Looked at again it is there; or it is another event's number, which is kept for review. */
            assert(edge.holder[PLACE(ingest[i].holds - 1)] == ingest[i].holds)
        :: else ->
            edge.holder[PLACE(ingest[i].holds - 1)] = ingest[i].holds;
            edge.counted[ingest[i].holds - 1]++;
            assert(edge.counted[ingest[i].holds - 1] == 1)    /* BROKEN: counted twice */
        fi;
        event[ingest[i].holds - 1].taken = true;
        ACK(PLACE(ingest[i].holds - 1), epoch) = true;
        printf("ingest %d: has event %d in epoch %d, and acknowledges it\n", i, ingest[i].holds - 1, epoch);
        drop(i)
    }
}

proctype Worker(byte i) {
end: do
    :: look(i, 0)
    :: look(i, 1)
#if EVENTS == 3
    :: look(i, 2)
#endif
    :: commit(i)
    :: d_step { !calm && ingest[i].holds != 0 -> drop(i); printf("ingest %d is killed\n", i) }
    od
}

/* ---- what goes wrong ---- */

inline copy_database(to, from) {
    byte at;
    for (at : 0 .. PLACES - 1) { to.holder[at] = from.holder[at] }
    for (at : 0 .. EVENTS - 1) { to.counted[at] = from.counted[at] }
    at = 0
}

/* What is never restored any more is one and the same to the checks. */
inline forget_backup() {
    byte was;
    for (was : 0 .. PLACES - 1) { backup.holder[was] = 0 }
    for (was : 0 .. EVENTS - 1) { backup.counted[was] = 0 }
    was = 0
}

inline lose_event(e) {
    d_step {
        !calm && up[e] ->
        up[e] = false;
        printf("event %d is lost on its way\n", e)
    }
}

inline lose_ack(place, told) {
    d_step {
        !calm && ACK(place, told) ->
        ACK(place, told) = false;
        printf("the ack of place %d is lost\n", place)
    }
}

/* A transaction does not outlive the database that it is in. */
inline break_connections() {
    drop(0);
#if INGESTS == 2
    drop(1)
#endif
}

inline lose_unsynced() {
#ifdef BUG_OUTBOX_NOT_SYNCED
    byte lost;
    for (lost : 0 .. EVENTS - 1) {
        if
        :: event[lost].state == pending && next_seq == event[lost].seq + 1 ->
            event[lost].state = absent;
            next_seq--
        :: else
        fi
    }
    lost = 0
#else
    skip
#endif
}

#if EVENTS == 2
#define nothing_pending (event[0].state != pending && event[1].state != pending)
#else
#define nothing_pending (event[0].state != pending && event[1].state != pending \
    && event[2].state != pending)
#endif

/* A kiosk that has sent everything is set up anew: another outbox file, another name for it. */
inline wipe() {
    byte gone;
    for (gone : 0 .. EVENTS - 1) {
        if
        :: event[gone].state == acknowledged -> event[gone].state = forgotten
        :: else
        fi
    }
    gone = 0;
#ifndef BUG_STREAM_REPEATS
    stream++;
#endif
    next_seq = 0;
    outbox_epoch = NONE;
    replica_epoch = NONE;
    synced_epoch = NONE;
    answer = NONE
}

proctype Faults() {
end: do
    FOR_ANY_EVENT(lose_event)
    FOR_ANY_ACK(lose_ack)
    :: d_step { !calm && restores < RESTORES -> copy_database(backup, edge); printf("edge: backed up\n") }
    :: d_step {
        !calm && restores < RESTORES ->
        copy_database(edge, backup);
        restores++;
        break_connections();
        if
        :: restores == RESTORES -> forget_backup()
        :: else
        fi;
#ifndef BUG_NO_EPOCH
        epoch++;
#endif
        printf("edge: restored, epoch %d\n", epoch)
    }
    /* The power goes: the outbox is synced at each commit, the replica is not. */
    :: d_step {
        !calm ->
        replica_epoch = synced_epoch;
        answer = NONE;
        requeue = false;
        lose_unsynced();
        printf("kiosk: power cut, the replica is of epoch %d\n", replica_epoch)
    }
#if WIPES > 0
    :: d_step { !calm && stream < WIPES && nothing_pending -> wipe(); printf("kiosk: set up anew\n") }
#endif
    :: d_step { !calm -> calm = true; printf("nothing goes wrong any more\n") }
    od
}

#ifndef EVENTUALLY
proctype Promises() {
end: do
    :: !acknowledged_are_true -> printf("BROKEN: acknowledged, and not in the database\n"); assert(false)
    :: timeout && all_booked -> break
    :: timeout && !all_booked -> printf("BROKEN: an event was not booked in the end\n"); assert(false)
    od
}
#endif

init {
    atomic {
        run Scanner();
        run Publisher();
        run Sync();
        run Worker(0);
#if INGESTS == 2
        run Worker(1);
#endif
        run Faults();
#ifndef EVENTUALLY
        run Promises()
#endif
    }
}
