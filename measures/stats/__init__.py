"""Pure statistics: numpy arrays in, arrays or frozen dataclasses out.

Nothing here knows Django, the clock or the settings. Proportions are 0 to 1; percentage points
appear only where a name ends in ``_points``. NaN means "there is no such number", never zero; why
there is none is told by the states in :mod:`measures.stats.states`.
"""
