/* Coarse deadlines. Owner: worker. */
#include "worker/wheel.h"

void wheel_init(struct wheel *w, uint64_t now)
{
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
	w->turned = now / WHEEL_TICK_MS;
}

void wheel_entry_init(struct wheel_entry *e)
{
	list_init(&e->node);
	e->due = 0;
}

static void place(struct wheel *w, struct wheel_entry *e)
{
	uint64_t tick = e->due / WHEEL_TICK_MS + 1;

	if (tick <= w->turned)
		tick = w->turned + 1;
	if (tick > w->turned + WHEEL_SLOTS - 1)
		tick = w->turned + WHEEL_SLOTS - 1;
	list_remove(&e->node);
	list_append(&w->slots[tick % WHEEL_SLOTS], &e->node);
}

void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due)
{
	bool placed = !list_is_empty(&e->node);
	bool later = due >= e->due;

	e->due = due;
	if (!placed || !later)
		place(w, e);
}

void wheel_remove(struct wheel_entry *e)
{
	list_remove(&e->node);
}

struct wheel_entry *wheel_next(struct wheel *w, uint64_t now)
{
	while (w->turned < now / WHEEL_TICK_MS) {
		struct list *slot = &w->slots[(w->turned + 1) % WHEEL_SLOTS];
		list_each_safe(it, slot) {
			struct wheel_entry *e = list_entry(it, struct wheel_entry, node);
			if (e->due <= now) {
				wheel_remove(e);
				return e;
			}
			place(w, e);
		}
		w->turned++;
	}
	return NULL;
}
