/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freshness: sign, commit, boot. A model for spin, run by tools/vm/steps/25-model.
 * The claims stand in Documentation/security/modgate.rst, "Freshness, modelled",
 * with what is left out. Each is an assertion:
 *
 *   1  in boot(), from "What is on disk": a valid document, always
 *   2  in load(), from "Freshness": what was replaced is dead
 *   3  in sign(), from "Freshness": no number is signed twice
 *   4  in load(), from "Promised": not more than the owner approved
 *
 * One signer, with base and floor zero. A document is a number, in the order in
 * which they are signed; a set of files is a mask of such numbers, and a file
 * is there only if its signature is beside it. A run of the tool can be killed
 * before every step, and so can a boot. What is tried is chosen by:
 *
 *   CLAIM=1..4     the claim to check; 0: that everything is reached (fails)
 *   ATTACK         root without the passphrase is at work, at any time
 *   TOOLS=2        an attacker has removed the lock: two runs of the tool
 *   BREAK_...      a mistake in the protocol
 */
#ifndef STEPS
#define STEPS	2	/* MODGATE_STEPS_MAX, such that what is beyond is near */
#endif
#ifndef DOCS
#define DOCS	3	/* that are ever signed, the first one included */
#endif
#ifndef TOP
#define TOP	5	/* the highest value that a counter gets to */
#endif
#ifndef TOOLS
#define TOOLS	1
#endif

#define BIT(d)	(1 << (d))

/* What is at the handle of an NV index of the TPM. */
#define GONE	0
#define BLANK	1	/* a counter of ours that was never written */
#define COUNTER	2
#define OTHER	3	/* something with another public area */

typedef index {
	byte kind;
	byte value
}

index accept, issue;
byte top;			/* highest value that any counter ever had */

byte generation[DOCS + 1];
bool forbidden[DOCS + 1];	/* approves the module that the owner revokes */
byte latest;			/* number of the newest document */
byte existed;			/* files of which an attacker may have a copy */
byte in_staged, in_active;		/* the two folders */

byte committed;			/* newest document of which a commit was done */
bool revoked;			/* committed without the module, when it was the newest */
byte in_force;			/* document of this boot */

byte running;			/* runs of the tool */
bool booting;

/* TPM2_NV_Increment. The first one starts above all that ever was. */
inline increment(x)
{
	d_step {
		if
#ifdef BREAK_COUNTER_FALLS
		:: x.kind == BLANK -> x.value = 1
#else
		:: x.kind == BLANK -> x.value = top + 1
#endif
		:: x.kind == COUNTER -> x.value++
		fi;
		x.kind = COUNTER;
		if
		:: x.value > top -> top = x.value
		:: else
		fi
	}
}

#define LIVES(x)	(x.kind == COUNTER && x.value < TOP || \
			 x.kind == BLANK && top < TOP)

/*
 * What is found on the disk: d is the newest document in a set of files, or 0.
 * With an attacker, anything that ever was a file, and at each look anew.
 */
inline look(set, d)
{
#ifdef ATTACK
	if
	:: existed & BIT(1) -> d = 1
	:: existed & BIT(2) -> d = 2
	:: existed & BIT(3) -> d = 3
#if DOCS > 3
	:: existed & BIT(4) -> d = 4
#endif
	:: d = 0
	fi
#else
	d_step {
		d = 0;
		for (i : 1 .. DOCS) {
			if
			:: (set) & BIT(i) && generation[i] >= generation[d] -> d = i
			:: else
			fi
		}
		i = 0
	}
#endif
}

inline commit(d)
{
	d_step {
		if
		:: d > committed -> committed = d
		:: else
		fi;
		revoked = revoked || d == latest && !forbidden[d]
	}
}

/* With an attacker, nothing needs to be known of the folders. */
#ifdef ATTACK
#define PUT(set, files)	skip
#else
#define PUT(set, files)	set = files
#endif

/* Killed here, or the power is cut. */
#define MAY_END	if :: goto end :: skip fi

/*
 * A write to load. Freshness comes last, so all else has been checked, and no
 * signature is forged. The chip is not let go until the document is accepted,
 * or an attacker would change what is at the handle between two commands.
 */
#ifdef BREAK_CHIP_LET_GO
#define NEXT_COMMAND	} ; atomic {
#else
#define NEXT_COMMAND
#endif

inline load(d)
{
	atomic {
		if
		:: accept.kind != COUNTER -> goto refused	/* ENODEV */
		:: else
		fi;
		NEXT_COMMAND
		seen = accept.value;
		if
		:: generation[d] < seen || generation[d] > seen + STEPS ->
			goto refused				/* ESTALE */
		:: else
		fi;
#ifndef BREAK_BOOT_NO_RAISE
		do
		:: seen < generation[d] && !LIVES(accept) -> goto refused
		:: seen < generation[d] && LIVES(accept) ->
			increment(accept);
			seen++;
			MAY_END
		:: seen >= generation[d] -> break
		od;
#endif
		/* Claims 2 and 4 */
		assert(CLAIM != 2 || d >= committed);
		assert(CLAIM != 4 || !(revoked && forbidden[d]));
		in_force = d;
		commit(d)
	}
refused:
	skip
}

/* modgate boot: the newest first, until the kernel accepts one. */
inline boot()
{
	in_force = 0;
	PUT(tried, in_staged | in_active);
	do
	:: atomic {
		look(tried, d);
		if
		:: d == 0 -> break
		:: else -> PUT(tried, tried & ~BIT(d))
		fi
	   }
	   load(d);
	   if
	   :: in_force -> break
	   :: else
	   fi
	od;
	/* Claim 1. If in_force was newer, it is what is committed now. */
	assert(CLAIM != 1 || in_force && in_force >= committed);
	assert(CLAIM != 0 || in_force != DOCS || forbidden[DOCS]);
	if
	:: in_force ->
		MAY_END;
		atomic {
			PUT(in_active, in_active | (in_staged & BIT(in_force)));
			PUT(in_staged, in_staged & ~BIT(in_force))
		}
		MAY_END;
		PUT(in_staged, in_staged & ~(BIT(in_force) - 1));
		MAY_END;
		PUT(in_active, in_active & ~(BIT(in_force) - 1))
	:: else
	fi
}

/* modgate approve, revoke: from the newest document to its successor. */
inline sign()
{
	/* Both counters are ours; the next number will be above accept. */
	atomic {
		if
		:: accept.kind == COUNTER -> seen = accept.value
		:: else -> goto end
		fi
	}
	do
	:: atomic {
		(issue.kind == COUNTER && issue.value < seen || issue.kind == BLANK) &&
		LIVES(issue) -> increment(issue)
	   }
	   MAY_END
	:: atomic {
		issue.kind == COUNTER && issue.value >= seen ->
		before = issue.value;
		break
	   }
	:: goto end
	od;
#ifndef BREAK_FAR_AHEAD
	/*
	 * So far ahead, the old document is dead before the new one lives. If
	 * the owner insists, claim 1 does not hold while this run lasts.
	 */
	if
	:: before + 1 > seen + STEPS ->
#ifndef ATTACK
		goto end
#else
		skip
#endif
	:: else
	fi;
#endif
	/* What is older than the counter is no base: that was a rollback. */
	atomic {
		look(in_staged | in_active, d);
		if
#ifdef BREAK_BASE_FROM_DISK
		:: d -> content = forbidden[d]
#else
		:: d && generation[d] >= seen -> content = forbidden[d]
#endif
		/* The owner reads what it says and signs what shall hold. */
		:: else -> content = !revoked
		fi
	}
	if
	:: CLAIM == 0 || CLAIM == 4 -> content = false	/* revoke */
	:: skip			/* approve something else */
	fi;
#ifdef BREAK_PRUNE_FIRST
	PUT(in_staged, 0);
	MAY_END;
#endif
	/* The passphrase is there: take a number, and be alone with it. */
	atomic {
		if
#ifdef BREAK_REUSE
		:: issue.value > seen -> before = issue.value - 1
#endif
		:: LIVES(issue) -> increment(issue)
		:: goto end
		fi
	}
	MAY_END;
	atomic {
		if
#ifdef BREAK_NUMBER_SHARED
		:: issue.kind == COUNTER -> value = issue.value
#else
		:: issue.kind == COUNTER && issue.value == before + 1 -> value = issue.value
#endif
		:: else -> goto end
		fi;
#ifdef BREAK_NUMBER_FROM_DISK
		look(in_staged | in_active, d);
		value = generation[d] + 1
#endif
	}
	MAY_END;
#ifdef BREAK_RAISE_FIRST
	increment(accept);
	MAY_END;
#endif
	atomic {
		if
		:: latest < DOCS -> latest++
		:: else -> goto end
		fi;
		d = latest;
		/* Claim 3 */
		for (i : 1 .. d - 1) {
			assert(CLAIM != 3 || generation[i] != value)
		}
		i = 0;
		generation[d] = value;
		forbidden[d] = content
	}
	MAY_END;
	/* Signature, then document: there with its rename. */
	atomic {
		PUT(in_staged, in_staged | BIT(d));
		existed = existed | BIT(d)
	}
	MAY_END;
	PUT(in_staged, in_staged & ~(BIT(d) - 1));
	MAY_END;
#ifndef BREAK_NO_RAISE
	do
	:: atomic { accept.kind == COUNTER && accept.value < value && LIVES(accept) ->
		increment(accept) }
	   MAY_END
	:: atomic { accept.kind == COUNTER && accept.value == value -> commit(d); break }
	:: goto end		/* it was overtaken, or the counter is gone */
	od
#else
	commit(d)
#endif
}

proctype machine()
{
	byte d, i, seen, before, value, tried;
	bool content;

	do
	:: atomic { running == 0 && !booting -> booting = true }
	   boot();
	   goto end
	:: atomic { latest < DOCS && !booting -> running++ }
	   sign();
end:	   atomic {
		if
		:: booting -> booting = false
		:: else -> running--
		fi;
		in_force = 0;
		d = 0; i = 0; seen = 0; before = 0; value = 0; tried = 0;
		content = false
	   }
	od
}

/* With the files, look() does what an attacker can do. */
#ifdef ATTACK
#define ABUSE(x)							\
	:: atomic { LIVES(x) -> increment(x) }				\
	:: d_step { x.kind -> x.kind = GONE; x.value = 0 }		\
	:: d_step { x.kind == GONE -> x.kind = BLANK }			\
	/* as the oldest document would like it */			\
	:: d_step { x.kind == GONE -> x.kind = OTHER; x.value = 1 }

proctype attacker()
{
	do
	ABUSE(accept)
	ABUSE(issue)
	/* Another signer's counter rises, or anybody's. */
	:: d_step { top < TOP -> top++ }
	od
}
#endif

/* As modgate init and a restart have left it. */
init
{
	atomic {
		accept.kind = COUNTER; accept.value = 1;
		issue.kind = COUNTER; issue.value = 1;
		top = 1;
		latest = 1; generation[1] = 1; forbidden[1] = true;
		existed = BIT(1); PUT(in_active, BIT(1));
		committed = 1;
#ifdef BREAK_KEYS_KEPT
		/* Two lists that were numbered on disk, with freshness=none. */
		latest = 2; generation[2] = 2; committed = 2;
		existed = existed | BIT(2); PUT(in_active, BIT(2));
#endif
#if TOOLS > 1
		run machine();
#endif
		run machine();
#ifdef ATTACK
		run attacker()
#endif
	}
}
