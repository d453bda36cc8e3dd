"""Stand-ins for the parts below the service: they keep what they are told and answer from it."""

from __future__ import annotations

from tests.fakes.accounts import FakeAccounts as FakeAccounts
from tests.fakes.alerts import FakeAlerts as FakeAlerts
from tests.fakes.alerts import FakeAlertStore as FakeAlertStore
from tests.fakes.alerts import FakeDestinations as FakeDestinations
from tests.fakes.clock import NOW_MS as NOW_MS
from tests.fakes.engine import FakeEngine as FakeEngine
from tests.fakes.engine import Submitted as Submitted
from tests.fakes.rows import PAST as PAST
from tests.fakes.rows import moment as moment
from tests.fakes.rows import series_row as series_row
from tests.fakes.storm import storm_anomaly as storm_anomaly
from tests.fakes.storm import storm_incident as storm_incident
from tests.fakes.story import FakeStory as FakeStory
from tests.fakes.system import fake_monitor as fake_monitor
