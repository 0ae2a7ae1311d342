"""Other programs and processes: started, watched, ended, cleaned up after."""
