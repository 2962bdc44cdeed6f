"""What gateways say that tells nothing of anybody: words, and the names of fields. Data only.

A word that is missing here is replaced in a recording, which is safe and only a pity: the
recording lists the fields, and who maintains this adds the word.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _lines(text: str) -> frozenset[str]:
    return frozenset(filter(None, (line.strip() for line in text.splitlines())))


VOCABULARY = _words("""
    Configuration Schedule Active Standby Gateway TESLA NEURIO Tesla Neurio Basic on off Yes
    No StatusUp StatusDown self_consumption autonomous backup scheduler site_control site
    battery load solar solarRGM busway frequency generator hec teg smc unknown pvinverter v1
    v2 v2.1 Commissioning InternalComms not_run running pass fail Split Single Three Phase1
    Phase2 Phase3 ACPW acpw SolarPowerwall BatteryExpansion EthType GsmType WifiType NONE
    WPA-PSK WPA-EAP can0 eth0 wifi0 wifi1 rpine0 ethernet_tesla_internal_default
    gsm_tesla_internal_default Existing New Residential Commercial Warning Fault Alert Hz Vrms
    Backup NonBackup NotConfigured log: localbuild Unknown msa not_applicable None
    DownstreamATS TestNotRun TestPassed Grid_Compliant Grid_Qualifying Grid_Uncompliant
    Grid_Disabled Wall Floor ABB Fronius
""") | _lines("""
    Whole Home
    Partial Home
    PV Panel
    Firmware Update
    CAN connectivity
    Enable switch
    Internal communications
    Firmware up-to-date
    Powerwall firmware
    Battery firmware
    Inverter firmware
    Synchronizer firmware
    Islanding configuration
    Grid code
    Enphase Energy
    Fronius USA
    SMA America
    SolarEdge Technologies
    Delta Electronics
""")
"""Whole texts: states, modes, kinds, names of checks, and brands that the gateway offers."""

COUNTRIES = _words("""
    Australia Austria Belgium Canada Croatia Czechia Denmark Finland France Germany Greece
    Hungary Ireland Italy Japan Luxembourg Malta Mexico Netherlands Norway Poland Portugal
    Romania Slovakia Slovenia Spain Sweden Switzerland Taiwan Thailand
""") | _lines("""
    United Arab Emirates
    United Kingdom
    United States
    Czech Republic
    New Zealand
    Puerto Rico
    South Africa
""")

TALK = _words("""
    a access action adequate again already amp and api are assets at available bad be been
    boot broken busy cannot cells change check checks client clip code comms communication
    communications complete config configuration connect connected connection controller could
    credentials ct current data detect detection device does down either endpoint enabled
    energy error expired failed failing fault fields firmware flag flow for found from gateway
    get getting grid has have high in information inputs internal invalid inverter is it
    landing level limit login low lost match meter meters missing mode must needs neurio no
    not of off offline on or out overvoltage pack packs pair pairings page panel password path
    perform permission phase physical please post power powerwall powerwalls proceed process
    reached read reading reboot reboots reference references relay request require requires
    resource retry rights roles run running schedule sensor set setting settings site
    sitemanager sitemaster solar solution standard start started state status stop stopped
    switch sync synchrometer system tesla test the this time timeout to token too try type
    unable unavailable undervoltage unknown unsupported update updating use user valid value
    voltage wait was were while with wizard x y z
""")
"""Words of the gateway's messages, in small letters."""

TECHNICAL = TALK | _words("""
    active alert backup battery charge compliant connected customer default
    disabled ethernet forming following frequency home house internal island islanded load
    location main meter metered mini name network none power powerwalls pvac pvs qualifying
    residential roof serial source standby status string system tesla transition unit version
    wifi
""")
"""Words that make up the gateway's own; as part of a name they are no reason to replace those."""

PLACELESS = frozenset({"UTC", "Etc/UTC"})
SERIAL_MAKERS = ("TG", "JBL", "VAH", "OBB", "CN", "ST", "T", "C", "S")
"""What serials begin with tells the maker, the rest tells the one device."""
