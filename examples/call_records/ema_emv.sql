-- Exponential moving average and variance of a metric, in the database, for those who may not add a service.
--
--     SELECT at, value, (ema_emv(value, 0.05) OVER (PARTITION BY trunk_group ORDER BY at)).*
--     FROM kpi;
--
-- delta = y - EMA;  EMA <- EMA + alpha delta;  EMV <- (1 - alpha) (EMV + alpha delta^2)
--
-- As Watchkeeper's own learner `ema` has it with both rates alpha: while young both are plain means, a residual
-- teaches as at most four standard deviations, and the variance begins with 1. So give values in units of their
-- usual spread. `msr` is the mean squared residual, of which EMV is (1 - alpha) msr.
CREATE TABLE IF NOT EXISTS kpi (trunk_group text, at timestamptz, value double precision);

CREATE TYPE ema_emv_state AS (ema double precision, msr double precision, emv double precision, n bigint);

CREATE FUNCTION ema_emv_step(state ema_emv_state, y double precision, alpha double precision)
RETURNS ema_emv_state LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  rate double precision;
  reach double precision;
  delta double precision;
  msr double precision;
BEGIN
  IF y IS NULL THEN
    RETURN state;
  END IF;
  IF state IS NULL OR state.n IS NULL THEN
    RETURN (y, 1, 1 - alpha, 1)::ema_emv_state;
  END IF;
  rate := greatest(alpha, 1.0 / (state.n + 1));
  reach := 4 * sqrt(state.msr);
  delta := least(greatest(y - state.ema, -reach), reach);
  msr := greatest(state.msr + rate * (delta * delta - state.msr), 1e-6);
  RETURN (state.ema + rate * delta, msr, (1 - alpha) * msr, state.n + 1)::ema_emv_state;
END $$;

CREATE AGGREGATE ema_emv(double precision, double precision) (SFUNC = ema_emv_step, STYPE = ema_emv_state);

-- Values more than `deviations` from what was expected before they were seen. Two knobs: alpha and deviations.
CREATE FUNCTION ema_emv_surprises(alpha double precision, deviations double precision)
RETURNS TABLE (trunk_group text, at timestamptz, value double precision, expected double precision, away double precision)
LANGUAGE sql STABLE AS $$
  SELECT trunk_group, at, value, (before).ema, (value - (before).ema) / sqrt((before).msr)
  FROM (
    SELECT trunk_group, at, value, lag(state) OVER (PARTITION BY trunk_group ORDER BY at) AS before
    FROM (
      SELECT trunk_group, at, value, ema_emv(value, alpha) OVER (PARTITION BY trunk_group ORDER BY at) AS state
      FROM kpi
    ) AS learned
  ) AS foretold
  WHERE abs(value - (before).ema) > deviations * sqrt((before).msr)
$$;
