-- The clock is that of Redis, since those of frontends differ. Tests give the time instead, as the
-- first argument of each script.
local now = tonumber(ARGV[1]) or tonumber(call('TIME')[1])

-- rfc3339 writes a unix time as 2006-01-02T15:04:05Z. The day's date comes from
-- counting in eras of 400 years that begin on 1 March.
local function rfc3339(unix)
  local floor = math.floor
  local days, second = floor(unix / 86400) + 719468, unix % 86400
  local era = floor(days / 146097)
  local doe = days % 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local march = floor((5 * doy + 2) / 153)
  local day = doy - floor((153 * march + 2) / 5) + 1
  local month = march < 10 and march + 3 or march - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02dZ', year, month, day,
    floor(second / 3600), floor(second / 60) % 60, second % 60)
end
