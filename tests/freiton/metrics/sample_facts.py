"""A switch in the middle of its day, as its metrics would see it."""

from collections.abc import Sequence

from freiton.metrics import (
    CallFacts,
    ChargingLogFacts,
    EventFacts,
    Health,
    Histogram,
    ProxyFacts,
    RegistrarFacts,
    SignallingFacts,
    TrunkFacts,
)

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "other")


class SampleFacts:
    """Implements `SwitchFacts`; every counter moves on with each read of it."""

    def __init__(self) -> None:
        self.health_now = Health(log_up=True, listeners_up=True, shutting_down=False)
        self.emergency_path_up = True
        self._turn = 0
        self._rating = Histogram()
        self._acknowledgement = Histogram()
        self._lag = Histogram()

    def health(self) -> Health:
        return self.health_now

    def registrar(self) -> RegistrarFacts:
        return RegistrarFacts(registered_accounts=41, bindings={"udp": 50, "tcp": 7})

    def calls(self) -> CallFacts:
        self._turn += 1
        self._rating.observe(0.000_06)
        return CallFacts(
            dialling=2,
            ringing=3,
            answered=17,
            ended={
                ("outbound", "answered"): 900 + 10 * self._turn,
                ("outbound", "busy"): 80 + self._turn,
                ("outbound", "refused"): 12 + self._turn,
                ("emergency", "answered"): 1,
            },
            refusals={
                "flatrate-limit": 9 + self._turn,
                "no-price": 0,
                "log-down": 0,
                "authentication-failed": 2,
            },
            slots_in_use=19,
            talk_s=86_400 + 60 * self._turn,
            charged_micros=123_456_789 + 19_000 * self._turn,
            running_micros=2_500_000,
            rating=self._rating,
        )

    def signalling(self) -> SignallingFacts:
        self._lag.observe(0.001_5)
        counts = dict.fromkeys(METHODS, 100 + 20 * self._turn)
        answers = dict.fromkeys((100, 180, 200, 401, 486, 503), 50 + self._turn)
        return SignallingFacts(
            requests_in=counts,
            requests_out=counts,
            responses_in=answers,
            responses_out=answers,
            retransmissions_absorbed=5 + self._turn,
            retransmissions_sent=2,
            timeouts=1,
            transport_failures=0,
            overload_refusals=0,
            parse_errors=1,
            shed={"rest": 3, "new-invite": 2},
            strangers_dropped=7,
            scanners_dropped=2,
            sources_blocked=1,
            calls_over_rate=4,
            behind=0.012,
            transactions={
                "client": 20,
                "server": 4,
            },
            open_deadlines=140,
            connections={"tcp": 7, "tls": 2, "ws": 0, "wss": 1},
            connections_cut={"limit": 5, "stalled": 1, "unread": 0, "unopened": 2},
            handshakes_failed=3,
            name_questions=7,
            name_questions_unanswered=2,
            peers_unproven=1,
            certificate_days={"tls": 61.5},
            udp_drops={"udp": 3},
            loop_lag=self._lag,
        )

    def proxy(self) -> ProxyFacts:
        return ProxyFacts(
            under_way=4,
            forwarded=300 + self._turn,
            loops=1,
            relays_refused=12 + self._turn,
            acks_dropped=0,
        )

    def charging_log(self) -> ChargingLogFacts:
        self._acknowledgement.observe(0.002_7)
        return ChargingLogFacts(
            events=4_000 + 2 * self._turn, unacknowledged=2, acknowledgement=self._acknowledgement
        )

    def subscriptions(self) -> EventFacts:
        return EventFacts(
            subscriptions={"dialog": 12, "message-summary": 41, "presence": 0, "reg": 0},
            publications=3,
            notifies_sent=700,
            notifies_failed=2,
            states_rendered=90,
        )

    def trunks(self) -> Sequence[TrunkFacts]:
        return (
            TrunkFacts(
                name="north",
                registered=True,
                channels_in_use=12,
                channels=30,
                addresses=4,
                addresses_failed=1,
                withheld_percent=20,
            ),
            TrunkFacts(
                name="south", registered=False, answering=False, channels_in_use=0, channels=30
            ),
        )

    def is_emergency_path_up(self) -> bool:
        return self.emergency_path_up
