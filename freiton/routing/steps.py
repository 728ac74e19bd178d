"""THE ORDER in which a call is decided: one tuple of steps.

Each step looks at the draft and either ends the decision or leaves it to the next. Slots and money
are not among them: the accounting decides on those afterwards, atomically.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from freiton.routing.classes import barred, max_call_s
from freiton.routing.context import RouteContext
from freiton.routing.decision import (
    CallKind,
    Connect,
    Group,
    RefusedCall,
    RouteDecision,
    SlotRule,
    TrunkGroup,
)
from freiton.routing.directory import Account, Trunk
from freiton.routing.draft import Draft
from freiton.routing.emergency import connect_emergency, connect_to_answering_point
from freiton.routing.foreign_number import number_of_another
from freiton.routing.identity import (
    account_caller,
    cannot_keep_private,
    may_hide_from,
    shows_forbidden_number,
    trunk_caller,
    wants_hiding,
)
from freiton.routing.leg_identity import called_uri, identity_for_trunk
from freiton.routing.local_targets import device_group
from freiton.routing.number_format import CalledNumber, read_e164, written_called
from freiton.routing.redirected import (
    all_private,
    is_passed_on_too_often,
    redirected_by_account,
    redirected_by_trunk,
)
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import RouteRequest
from freiton.routing.secure_hops import only_secure, unsecured
from freiton.routing.shown_numbers import is_never_shown
from freiton.routing.trunks import ordinary_trunks
from rating.numbering import DiallingOrigin, NumberRefused, RefusalReason, ServiceNumber
from sipcore.errors import LocalError

Step = Callable[[Draft], RouteDecision | None]

_CAUSE_OF_NUMBER: Final = MappingProxyType(
    {
        RefusalReason.INCOMPLETE: RefusalCause.INCOMPLETE,
        RefusalReason.UNKNOWN: RefusalCause.UNKNOWN_NUMBER,
        RefusalReason.MALFORMED: RefusalCause.UNKNOWN_NUMBER,
        RefusalReason.NOT_OFFERED: RefusalCause.BARRED,
        RefusalReason.FOREIGN_EMERGENCY: RefusalCause.EMERGENCY_FROM_ABROAD,
    }
)


def decide(request: RouteRequest, context: RouteContext) -> RouteDecision:
    """Decide one call attempt."""
    draft = Draft(request, context)
    for step in ORDER:
        decision = step(draft)
        if isinstance(decision, Connect):
            return only_secure(decision) if request.is_secure else unsecured(decision)
        if decision is not None:
            return decision
    raise LocalError("no step decided")


def refuse_strangers(draft: Draft) -> RouteDecision | None:
    """Only an account in service or a trunk may call."""
    source = draft.request.source
    if source.trunk is not None:
        return None
    if source.account is None:
        return RefusedCall(cause=RefusalCause.UNKNOWN_CALLER)
    if not source.account.enabled:
        return RefusedCall(cause=RefusalCause.ACCOUNT_DISABLED)
    return None


def refuse_circles(draft: Draft) -> RouteDecision | None:
    """Refuse a call that was diverted again and again: it runs in a circle."""
    if is_passed_on_too_often(draft.request.redirections):
        return RefusedCall(cause=RefusalCause.LOOP)
    return None


def refuse_forbidden_numbers(draft: Draft) -> RouteDecision | None:
    """Break off a call that shows a number nobody may show, whichever way it goes."""
    if shows_forbidden_number(draft.request):
        return RefusedCall(cause=RefusalCause.CALLER_NUMBER_FORBIDDEN)
    return None


def refuse_impossible_privacy(draft: Draft) -> RouteDecision | None:
    """Refuse who would rather not call than be known, where it cannot be hidden (RFC 3323)."""
    request = draft.request
    account = request.source.account
    is_call_centre = account is not None and account.is_call_centre
    may_hide = not is_call_centre and may_hide_from(draft.dialled, None)
    if cannot_keep_private(request, may_hide=may_hide):
        return RefusedCall(cause=RefusalCause.PRIVACY_IMPOSSIBLE)
    return None


def connect_inbound(draft: Draft) -> RouteDecision | None:
    """Decide a call from a carrier: it goes to a number of ours or nowhere.

    A carrier that we register with may call our contact and name the number in To.
    """
    request, context = draft.request, draft.context
    trunk = request.source.trunk
    if trunk is None:
        return None
    plan, directory = context.numbering.plan, context.directory
    draft.caller = trunk_caller(trunk, request, plan)
    # However it was spelled: this is what the called side would be shown.
    if draft.caller.number is not None and is_never_shown(draft.caller.number):
        return RefusedCall(cause=RefusalCause.CALLER_NUMBER_FORBIDDEN)
    draft.history = redirected_by_trunk(request.redirections, trunk, plan)
    for text in (request.dialled, request.to_user):
        number = read_e164(text, trunk.number_format, plan)
        owner = None if number is None else directory.owner_of_number(number)
        if number is not None and owner is not None:
            called = plan.normalize(number, DiallingOrigin())
            draft.called = None if isinstance(called, NumberRefused) else called
            return _connect_account(draft, owner, number, CallKind.INBOUND)
    return RefusedCall(cause=RefusalCause.UNKNOWN_NUMBER)


def refuse_foreign_domain(draft: Draft) -> RouteDecision | None:
    """We relay no calls to other domains."""
    host = draft.request.host
    if host and not draft.context.directory.is_local_domain(host):
        return RefusedCall(cause=RefusalCause.FOREIGN_DOMAIN)
    return None


def connect_colleague(draft: Draft) -> RouteDecision | None:
    """Decide a call to an account by its name; its price is that of its main number."""
    caller = _account(draft)
    host = draft.request.host or caller.domain
    colleague = draft.context.directory.account_by_aor(draft.dialled, host)
    if colleague is None or colleague.name != draft.dialled:
        return None
    if colleague.main_number is not None:
        called = draft.context.numbering.plan.normalize(colleague.main_number, DiallingOrigin())
        draft.called = None if isinstance(called, NumberRefused) else called
    _identify(draft, caller)
    return _connect_account(draft, colleague, None, CallKind.ON_NET)


def read_number(draft: Draft) -> RouteDecision | None:
    """Turn what was dialled into a number; a short dial code may lead to an emergency number."""
    caller = _account(draft)
    origin = DiallingOrigin(
        caller.country_code, caller.area_code or None, short_numbers=caller.short_numbers
    )
    called = draft.context.numbering.plan.normalize(draft.dialled, origin)
    if isinstance(called, NumberRefused):
        return RefusedCall(cause=_CAUSE_OF_NUMBER[called.reason])
    if isinstance(called, ServiceNumber) and called.is_emergency:
        return connect_to_answering_point(draft, called.digits)
    draft.called = called
    _identify(draft, caller)
    return None


def connect_on_net(draft: Draft) -> RouteDecision | None:
    """Decide a call to a number of ours: it never leaves the switch."""
    number = _called(draft).e164
    owner = None if number is None else draft.context.directory.owner_of_number(number)
    if number is None or owner is None:
        return None
    return _connect_account(draft, owner, number, CallKind.ON_NET)


def refuse_barred_classes(draft: Draft) -> RouteDecision | None:
    """Premium and non-EU destinations must have been switched on."""
    table = draft.context.numbering.prefix_table
    cause = barred(_called(draft), _account(draft), table)
    return None if cause is None else RefusedCall(cause=cause)


def connect_outbound(draft: Draft) -> RouteDecision | None:
    """Decide a call to the public network, over every trunk that may take it."""
    trunks = ordinary_trunks(draft.context)
    if isinstance(trunks, RefusalCause):
        return RefusedCall(cause=trunks, status=_limit_status(trunks, draft.context))
    called = _called(draft)
    groups = [_trunk_group(draft, called, trunk) for trunk in trunks]
    usable = tuple(group for group in groups if group is not None)
    if not usable:
        return RefusedCall(cause=RefusalCause.NO_CALLER_NUMBER)
    return _connect(draft, CallKind.OUTBOUND, usable, called_account=None)


ORDER: Final[tuple[Step, ...]] = (
    connect_emergency,
    refuse_strangers,
    refuse_circles,
    refuse_forbidden_numbers,
    refuse_impossible_privacy,
    connect_inbound,
    refuse_foreign_domain,
    connect_colleague,
    read_number,
    connect_on_net,
    refuse_barred_classes,
    connect_outbound,
)


def _account(draft: Draft) -> Account:
    account = draft.request.source.account
    if account is None:
        raise LocalError("a step for accounts before refuse_strangers and connect_inbound")
    return account


def _called(draft: Draft) -> CalledNumber:
    if draft.called is None:
        raise LocalError("a step for numbers before read_number")
    return draft.called


def _identify(draft: Draft, account: Account) -> None:
    wish = draft.hides_by_prefix
    is_hidden = wants_hiding(draft.request, account) if wish is None else wish
    is_hidden = is_hidden and not account.is_call_centre
    is_hidden = is_hidden and may_hide_from(draft.dialled, draft.called)
    request, context = draft.request, draft.context
    directory, plan = context.directory, context.numbering.plan
    history = redirected_by_account(request.redirections, account, directory, plan)
    draft.history = all_private(history) if is_hidden else history
    draft.caller = account_caller(
        account,
        request,
        directory=directory,
        plan=plan,
        is_hidden=is_hidden,
        shown=number_of_another(
            request, account, context, called=draft.called, is_diverted=bool(history)
        ),
    )


def _connect_account(
    draft: Draft, account: Account, number: str | None, kind: CallKind
) -> RouteDecision:
    if account.rejects_anonymous and draft.caller.is_hidden:
        return RefusedCall(cause=RefusalCause.ANONYMOUS_REFUSED)
    group = device_group(
        account,
        number,
        draft.caller,
        context=draft.context,
        history=draft.history,
        called_device=draft.request.called_device,
    )
    if group is None:
        return RefusedCall(cause=RefusalCause.NOT_REGISTERED)
    return _connect(draft, kind, (group,), called_account=account)


def _connect(
    draft: Draft, kind: CallKind, groups: tuple[Group, ...], *, called_account: Account | None
) -> Connect:
    source = draft.request.source
    return Connect(
        kind=kind,
        called=draft.called,
        dialled=draft.dialled,
        groups=groups,
        caller=source.account,
        called_account=called_account,
        incoming_trunk=source.trunk,
        calling_number=draft.caller.number,
        is_number_hidden=draft.caller.is_hidden,
        slot_rule=SlotRule.INCOMING if kind is CallKind.INBOUND else SlotRule.OUTGOING,
        max_call_s=max_call_s(draft.called),
    )


def _trunk_group(draft: Draft, called: CalledNumber, trunk: Trunk) -> TrunkGroup | None:
    """Return the group of a trunk, if there is a number that it may be told."""
    number = draft.caller.number or trunk.asserted_number
    if number is None:
        return None
    user = written_called(called, trunk.number_format)
    return TrunkGroup(
        trunk=trunk,
        request_uri=called_uri(user, trunk),
        identity=identity_for_trunk(
            draft.caller, number, trunk=trunk, called_user=user, history=draft.history
        ),
    )


def _limit_status(cause: RefusalCause, context: RouteContext) -> int | None:
    """Return the status that the preferred trunk wants for its limit."""
    if cause is not RefusalCause.TRUNK_LIMIT:
        return None
    return next(
        one.limit_refusal_status
        for one in context.directory.carriers
        if context.trunk_state(one).is_registered
    )
