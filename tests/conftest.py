"""What all tests share."""

from hypothesis import HealthCheck, settings

# No test judges how fast a machine is; two cores shared by many are slow now and then.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
