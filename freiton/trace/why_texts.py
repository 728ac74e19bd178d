"""What to do about each refusal and each end of a call, in German and English.

What happened stands in ``freiton.routing.refusals``; here stands what an operator does about it.
This file is a list, so it may be long.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from freiton.routing.refusals import RefusalCause


class Told(NamedTuple):
    """One sentence in two languages."""

    de: str
    en: str


_R = RefusalCause

ADVICE: Final = MappingProxyType(
    {
        _R.UNKNOWN_CALLER: Told(
            "Konto anlegen oder die Adresse als Leitung eintragen (freiton account, trunk).",
            "Make an account, or enter the address as a trunk (freiton account, trunk).",
        ),
        _R.AUTHENTICATION_FAILED: Told(
            "Kennwort im Telefon neu eingeben; freiton device zeigt den Benutzernamen.",
            "Enter the password in the phone again; freiton device shows the user name.",
        ),
        _R.ACCOUNT_DISABLED: Told(
            "freiton account enable gibt den Anschluss wieder frei.",
            "freiton account enable puts the account into service again.",
        ),
        _R.CALLER_NUMBER_FORBIDDEN: Told(
            "Absender im Telefon auf eine Nummer des Kontos setzen, oder das Recht nachweisen.",
            "Let the phone show a number of the account, or prove the right to the other.",
        ),
        _R.NO_CALLER_NUMBER: Told(
            "Dem Konto mit freiton number eine Rufnummer geben.",
            "Give the account a number with freiton number.",
        ),
        _R.ANONYMOUS_REFUSED: Told(
            "Der Angerufene nimmt keine Anrufe ohne Rufnummer an; Nummer mitsenden.",
            "The callee takes no calls without a number; show one.",
        ),
        _R.PRIVACY_IMPOSSIBLE: Told(
            "Der Anrufer verlangt, was dieses Netz nicht verbergen kann; ohne Privacy anrufen.",
            "The caller wants hidden what this network cannot hide; call without Privacy.",
        ),
        _R.EMERGENCY_FROM_STRANGER: Told(
            "Telefon anmelden, oder [emergency] access um dieses Netz erweitern.",
            "Register the phone, or add its network to [emergency] access.",
        ),
        _R.EMERGENCY_FROM_TRUNK: Told(
            "Notrufe gehören in das Netz des Anrufers; hier ist nichts zu ändern.",
            "Emergency calls belong to the caller's own network; nothing is to be changed here.",
        ),
        _R.EMERGENCY_FROM_ABROAD: Told(
            "Der Anrufer muss den Notruf seines Aufenthaltslandes wählen.",
            "The caller has to dial the emergency number of the country he is in.",
        ),
        _R.NO_EMERGENCY_TRUNK: Told(
            "Sofort handeln: eine Leitung mit is_emergency muss erreichbar sein.",
            "Act at once: a trunk with is_emergency has to be reachable.",
        ),
        _R.UNKNOWN_NUMBER: Told(
            "Gewählte Nummer prüfen; freiton number list zeigt die hier vergebenen.",
            "Check what was dialled; freiton number list shows those assigned here.",
        ),
        _R.INCOMPLETE: Told("Die Nummer ganz wählen.", "Dial the whole number."),
        _R.FOREIGN_DOMAIN: Told(
            "Domain im Telefon prüfen; eigene stehen unter domains und freiton domain.",
            "Check the phone's domain; ours stand under domains and freiton domain.",
        ),
        _R.NOT_REGISTERED: Told(
            "Telefon des Angerufenen anschließen und anmelden lassen.",
            "Connect the callee's phone and let it register.",
        ),
        _R.BARRED: Told(
            "Die Sperre dieses Ziels mit freiton account set aufheben, wenn sie nicht gewollt ist.",
            "Lift the bar of this destination with freiton account set, if it is not wanted.",
        ),
        _R.PREMIUM_OFF: Told(
            "Sonderrufnummern sind für das Konto gesperrt; freiton account set gibt sie frei.",
            "Premium numbers are off for the account; freiton account set opens them.",
        ),
        _R.NON_EU_OFF: Told(
            "Ziele außerhalb der EU sind für das Konto aus; freiton account set gibt sie frei.",
            "Countries outside the EU are off for the account; freiton account set opens them.",
        ),
        _R.FLATRATE_LIMIT: Told(
            "Anderes Gespräch beenden, oder mit freiton flatrate eine weitere buchen.",
            "End another call, or book one more with freiton flatrate.",
        ),
        _R.TECHNICAL_LIMIT: Told(
            "So viele Anrufe zugleich führt ein Konto selten: auf Missbrauch prüfen.",
            "An account seldom makes so many calls at once: look for misuse.",
        ),
        _R.CHANNEL_LIMIT: Told(
            "Ein Gespräch beenden, oder dem Konto mehr Sprachkanäle geben.",
            "End a call, or give the account more channels.",
        ),
        _R.TRUNK_LIMIT: Told(
            "Warten, oder mehr Kanäle beim Netzbetreiber bestellen und eintragen.",
            "Wait, or order more channels from the carrier and enter them.",
        ),
        _R.TRUNK_OVERLOAD: Told(
            "Warten: der Netzbetreiber nimmt zurzeit nur einen Teil der Anrufe (RFC 7339).",
            "Wait: the carrier takes only a share of calls for now (RFC 7339).",
        ),
        _R.NO_PRICE: Told(
            "Für dieses Ziel fehlt eine Zeile in der Preisliste; freiton quote zeigt es.",
            "The price list has no row for this destination; freiton quote shows it.",
        ),
        _R.NO_CREDIT: Told("Guthaben aufladen: freiton top-up.", "Pay in: freiton top-up."),
        _R.SPENDING_LIMIT: Told(
            "Morgen wieder, oder die Tagesgrenze des Kontos anheben.",
            "Try again tomorrow, or raise the account's daily limit.",
        ),
        _R.NO_TRUNK: Told(
            "Eine Leitung anlegen, die dieses Ziel erreicht (freiton trunk).",
            "Make a trunk that reaches this destination (freiton trunk).",
        ),
        _R.TRUNKS_FAILED: Told(
            "Netzbetreiber prüfen: keine der Leitungen hat geantwortet.",
            "Ask the carrier: none of the trunks has answered.",
        ),
        _R.LOG_DOWN: Told(
            "Platte prüfen: das Gebührenprotokoll nimmt nichts an (freiton status).",
            "Look at the disk: the charging log takes nothing (freiton status).",
        ),
        _R.SHUTTING_DOWN: Told(
            "Die Vermittlung wurde gerade beendet; nach dem Neustart wieder anrufen.",
            "The switch was being stopped; call again when it is back.",
        ),
        _R.OVERLOADED: Told(
            "[limits] calls_max ist erreicht; anheben, wenn die Maschine es trägt.",
            "[limits] calls_max is reached; raise it if the machine can bear it.",
        ),
        _R.LOOP: Told(
            "Ein Weg führt zurück hierher: Ziele der Nachbarn prüfen.",
            "A route leads back here: check where the neighbours send calls.",
        ),
        _R.TOO_MANY_HOPS: Told(
            "Zu viele Vermittlungen hintereinander, meist eine Schleife.",
            "Too many switches in a row; usually a loop.",
        ),
        _R.SIPS_NOT_ALLOWED: Told(
            "Kein durchgehend gesicherter Weg zu diesem Ziel; mit sip: statt sips: anrufen.",
            "There is no secure way all along to this callee; call with sip: in place of sips:.",
        ),
        _R.MALFORMED: Told(
            "Das Gerät sendet fehlerhaftes SIP; freiton trace --messages zeigt es.",
            "The device sends malformed SIP; freiton trace --messages shows it.",
        ),
    }
)

ENDS: Final = MappingProxyType(
    {
        "answered": Told("Das Gespräch wurde regulär beendet.", "The call ended as it should."),
        "busy": Told("Der Angerufene sprach schon.", "The callee was busy."),
        "unanswered": Told("Niemand nahm ab.", "Nobody answered."),
        "cancelled": Told(
            "Der Anrufer legte auf, bevor jemand abnahm.",
            "The caller hung up before anybody answered.",
        ),
        "failed": Told("Die Gegenseite lehnte den Anruf ab.", "The other side refused the call."),
        "lost": Told(
            "Ein Telefon antwortete auf die Nachfrage der Vermittlung nicht mehr.",
            "A phone no longer answered when the switch asked whether it lives.",
        ),
        "restart": Told(
            "Die Vermittlung wurde neu gestartet und erreichte die Telefone nicht mehr.",
            "The switch was started anew and could not reach the phones any more.",
        ),
        "fault": Told(
            "Ein Fehler der Vermittlung beendete den Anruf; die Aufzeichnung liegt in traces.",
            "A fault of the switch ended the call; its recording lies in traces.",
        ),
        "credit-exhausted": Told(
            "Das Guthaben war verbraucht. freiton top-up lädt es auf.",
            "The balance was used up. freiton top-up pays in.",
        ),
        "spending-limit": Told(
            "Die Tagesgrenze des Kontos war erreicht.", "The account's daily limit was reached."
        ),
        "max-duration": Told(
            "Die längste erlaubte Gesprächsdauer war erreicht.",
            "The longest duration allowed was reached.",
        ),
    }
)

STATUSES: Final = MappingProxyType(
    {
        400: Told(
            "Die Anfrage war fehlerhaftes SIP. freiton trace --messages zeigt sie.",
            "The request was malformed SIP. freiton trace --messages shows it.",
        ),
        401: Told(
            "Nach dem Kennwort gefragt; es kam keines, ein falsches oder ein veraltetes. "
            "Kommt danach nichts mehr, fehlt es im Telefon.",
            "Asked for the password; none came, a wrong one, or one for an old nonce. "
            "If nothing follows, the phone has none.",
        ),
        403: Told(
            "Diese Anmeldung darf das nicht: Benutzer, Konto und Absender prüfen.",
            "These credentials may not do this: check user, account and From.",
        ),
        404: Told(
            "Domain oder Nummer gibt es hier nicht.", "There is no such domain or number here."
        ),
        407: Told(
            "Nach dem Kennwort gefragt; es kam keines, ein falsches oder ein veraltetes.",
            "Asked for the password; none came, a wrong one, or one for an old nonce.",
        ),
        413: Told("Die Anfrage war zu lang.", "The request was too long."),
        415: Told("Der Inhalt ist von unbekannter Art.", "The body is of an unknown type."),
        416: Told(
            "Die Adresse ist von einer Art, die hier nicht vermittelt wird.",
            "The address is of a kind that is not served here.",
        ),
        420: Told(
            "Das Telefon verlangt eine Erweiterung, die es hier nicht gibt (siehe Unsupported); "
            "dort ausschalten.",
            "The phone demands an extension that is not known here (see Unsupported); "
            "switch it off there.",
        ),
        422: Told(
            "Das Sitzungsintervall war zu kurz; Telefone wiederholen mit Min-SE von selbst.",
            "The session interval was too short; phones try again with Min-SE by themselves.",
        ),
        433: Told(
            "Anrufe ohne Rufnummer werden nicht angenommen.", "Calls without a number are refused."
        ),
        481: Told("Das Gespräch gibt es nicht mehr.", "The dialog does not exist any more."),
        482: Told(
            "Derselbe Anruf kam auf einem zweiten Weg noch einmal.",
            "The same call came a second time on another way.",
        ),
        483: Told(
            "Zu viele Vermittlungen hintereinander, meist eine Schleife.",
            "Too many switches in a row; usually a loop.",
        ),
        500: Told(
            "Ein Fehler der Vermittlung; ihr Protokoll sagt mehr.",
            "A fault of the switch; its log says more.",
        ),
        503: Told("Die Vermittlung war überlastet.", "The switch was overloaded."),
    }
)
