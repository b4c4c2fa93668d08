-- rare holds what a plain re-announce does not need. In Lua each function costs 0.1 µs to
-- define, in every call of the script; so these are defined only where one is used.
local rarely
local function rare()
  if rarely then
    return rarely
  end
-- include: clock
-- include: progress
-- include: swarms
-- include: find
-- include: expire
-- include: record
-- include: settle
  rarely = { activate = activate, expire = expire, expire_host = expire_host, settle = settle,
    withdraw = withdraw }
  return rarely
end
