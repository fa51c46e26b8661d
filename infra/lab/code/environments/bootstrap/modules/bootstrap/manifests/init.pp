# First run of a new machine.
class bootstrap {
  contain bootstrap::facts
  contain bootstrap::marker
}
