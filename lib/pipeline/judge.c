/* The contract stage: what do the documents say of this message, and the policy of that?
 * Owner: the adapter's process. */
#include "pipeline/stages.h"

enum stage_result stage_contract(struct pipeline *p, struct message_view *m)
{
	contract_judge(p->contract, m->rules, &m->record, &m->judgement);
	switch (m->judgement.action) {
	case ACTION_REJECT:
		return STAGE_REJECT;
	case ACTION_DIVERT:
		return STAGE_DIVERT;
	default:
		return STAGE_PASS;
	}
}
