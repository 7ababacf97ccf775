// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of this boot, and which documents are in force.
 *
 * The local policy and each list come into force at most once, only in state
 * boot, and are never freed: readers need no lock. A document is measured and
 * published, and state boot ended, under commit_lock, so that nothing whose load had
 * begun in state boot comes into force after its end.
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
static DEFINE_SPINLOCK(state_lock);	/* writers of the first two */

/* On until state boot has ended. */
DEFINE_STATIC_KEY_TRUE(modgate_window);

/*
 * Held from a document's last checks until it is in force, and to end state boot: what
 * was measured before that end is in force. Never while a program may be started.
 */
static DEFINE_MUTEX(commit_lock);

/**
 * modgate_state() - state of this boot
 *
 * What was in force when the state was raised is visible to whoever sees it.
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
 * From a work item, since exec holds cred_guard_mutex, which must not be held around a
 * static branch's locks.
 */
static void close_window(struct work_struct *work)
{
	static_branch_disable(&modgate_window);
}

static DECLARE_WORK(window_work, close_window);

/**
 * modgate_seal() - end state boot; harmless when it has ended
 * @by: what modgate_ended_by() is to say, a constant
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
 * modgate_close() - close the gate; harmless when it is closed
 *
 * Ends state boot as well, if that has not ended.
 *
 * Return: true if it was open: what has loaded until now is to be measured.
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
 * modgate_publish_begin() - a document is about to come into force
 *
 * modgate_publish_end() is due afterwards, whatever is returned; in between, state boot
 * does not end, and nothing may be started that could be a program.
 *
 * Return: 0; -EPERM: state boot has ended.
 */
int modgate_publish_begin(void)
{
	mutex_lock(&commit_lock);
	return modgate_state() == MODGATE_BOOT ? 0 : -EPERM;
}

/**
 * modgate_publish_policy() - the local policy is in force
 * @policy: the first one of this boot; never to be changed or freed from here on
 */
void modgate_publish_policy(struct modgate_policy *policy)
{
	lockdep_assert_held(&commit_lock);
	/* Pairs with modgate_policy(). */
	smp_store_release(&in_force, policy);
}

/**
 * modgate_publish_list() - an authority's list is in force
 * @authority: one of those of the local policy in force
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
 * modgate_publish_end() - state boot may end again
 */
void modgate_publish_end(void)
{
	mutex_unlock(&commit_lock);
}
