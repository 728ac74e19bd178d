"""Numbers and money: what a call costs, and for how long an amount lasts.

Pure: texts, instants and durations come in as arguments, values go out. No clock, no file, no
socket, no SIP, no float. Rooms from bottom to top:

    errors, money      the tree of errors; integers of 10^-6 euro, rounded in one place
    numbering          dialled digits -> E.164 or service number; prefix -> country and line type
    pricing            price lists, options, VAT: data read from text with every problem's line
    charges            what is charged besides calls: fees, usage, work; and what may be ordered
    allowances         seconds paid for by the month: granted, reserved, used, given back
    engine             quote, rate, grant: one arithmetic for announced, running and final price
    cdr                the record of a call and its export
    invoice            stored amounts to positions in cents, and the tax once on their total
"""
