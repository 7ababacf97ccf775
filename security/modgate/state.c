// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of this boot, and which documents are in force.
 *
 * The local policy and each list come into force at most once, only in state boot, and
 * are never freed: readers need no lock. commit_lock is held both to measure and
 * publish a document and to end state boot, so that a load that began in state boot
 * cannot put a document into force after its end.
 */
#include <linux/jump_label.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "measure.h"
#include "state.h"

static enum modgate_state boot_state = MODGATE_BOOT;
static const char *ended_by = "-";
static struct modgate_policy *in_force;
static DEFINE_SPINLOCK(state_lock);	/* for writers of the first two */

/* On until state boot has ended. */
DEFINE_STATIC_KEY_TRUE(modgate_window);

/*
 * Held from a document's last checks until it is in force, and to end state boot: a
 * document measured before that end is in force. Never held where a program may be
 * started.
 */
static DEFINE_MUTEX(commit_lock);

/**
 * modgate_state() - state of this boot
 *
 * A reader that sees a state also sees what was in force when that state was entered.
 *
 * Return: the state.
 */
enum modgate_state modgate_state(void)
{
	/* Pairs with modgate_seal(). */
	return smp_load_acquire(&boot_state);
}

/**
 * modgate_ended_by() - what ended state boot
 *
 * Return: "seal", "exec", "root", "close", or "-" if it has not ended.
 */
const char *modgate_ended_by(void)
{
	return READ_ONCE(ended_by);
}

/*
 * Runs from a work item, since exec holds cred_guard_mutex, and the locks of static
 * branches must not be taken under that.
 */
static void close_window(struct work_struct *work)
{
	static_branch_disable(&modgate_window);
}

static DECLARE_WORK(window_work, close_window);

/**
 * modgate_seal() - end state boot; does nothing if it has already ended
 * @by: cause that modgate_ended_by() reports, a constant string
 */
void modgate_seal(const char *by)
{
	bool ends = false;

	if (modgate_state() != MODGATE_BOOT)
		return;
	mutex_lock(&commit_lock);
	spin_lock(&state_lock);
	if (boot_state == MODGATE_BOOT) {
		WRITE_ONCE(ended_by, by);
		/* Pairs with modgate_state(). */
		smp_store_release(&boot_state, MODGATE_SEALED);
		ends = true;
	}
	spin_unlock(&state_lock);
	if (ends)
		modgate_measure_sealed(by);
	mutex_unlock(&commit_lock);
	if (ends)
		schedule_work(&window_work);
}

/**
 * modgate_close() - close the gate; does nothing if it is already closed
 *
 * Also ends state boot if needed.
 *
 * Return: true if it was open: the caller then measures what has loaded so far.
 */
bool modgate_close(void)
{
	bool closes;

	modgate_seal("close");
	spin_lock(&state_lock);
	closes = boot_state == MODGATE_SEALED;
	if (closes)
		/* Pairs with modgate_state(). */
		smp_store_release(&boot_state, MODGATE_CLOSED);
	spin_unlock(&state_lock);
	return closes;
}

/**
 * modgate_policy() - the local policy in force
 *
 * Return: the policy, or NULL; valid for ever.
 */
const struct modgate_policy *modgate_policy(void)
{
	/* Pairs with modgate_publish_policy(). */
	return smp_load_acquire(&in_force);
}

/**
 * modgate_list() - an authority's list in force
 * @policy: the local policy in force
 * @authority: index into its authorities
 *
 * Return: the list, or NULL; valid for ever.
 */
const struct modgate_list *modgate_list(const struct modgate_policy *policy,
					u32 authority)
{
	/* Pairs with modgate_publish_list(). */
	return smp_load_acquire(&policy->lists[authority]);
}

/**
 * modgate_publish_begin() - prepare to put a document into force
 *
 * The caller must call modgate_publish_end() afterwards, whatever this returns. In
 * between, state boot does not end, and the caller must not do anything that may start
 * a program.
 *
 * Return: 0; -EPERM: state boot has ended.
 */
int modgate_publish_begin(void)
{
	mutex_lock(&commit_lock);
	return modgate_state() == MODGATE_BOOT ? 0 : -EPERM;
}

/**
 * modgate_publish_policy() - put the local policy into force
 * @policy: the first one of this boot; never to be changed or freed from here on
 */
void modgate_publish_policy(struct modgate_policy *policy)
{
	lockdep_assert_held(&commit_lock);
	/* Pairs with modgate_policy(). */
	smp_store_release(&in_force, policy);
}

/**
 * modgate_publish_list() - put an authority's list into force
 * @authority: from the local policy in force
 * @list: its first one of this boot; never to be changed or freed from here on
 */
void modgate_publish_list(const struct modgate_authority *authority,
			  struct modgate_list *list)
{
	lockdep_assert_held(&commit_lock);
	/* Pairs with modgate_list(). */
	smp_store_release(&in_force->lists[authority - in_force->doc.authorities], list);
}

/**
 * modgate_publish_end() - allow state boot to end again
 */
void modgate_publish_end(void)
{
	mutex_unlock(&commit_lock);
}
